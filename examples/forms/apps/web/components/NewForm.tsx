'use client'

import { useRouter } from 'next/navigation'
import { type FormEvent, useState, useTransition } from 'react'
import { send } from '../lib/send'

const TYPES = ['text', 'number', 'date', 'choice']
const blank = { name: '', type: 'text' }

export function NewForm() {
  const router = useRouter()
  const [title, setTitle] = useState('')
  const [fields, setFields] = useState([blank])
  const [problem, setProblem] = useState<string>()
  const [pending, startTransition] = useTransition()

  const change = (index: number, part: Partial<typeof blank>) =>
    setFields(fields.map((field, at) => (at === index ? { ...field, ...part } : field)))

  function create(event: FormEvent) {
    event.preventDefault()
    startTransition(async () => {
      const failure = await send('/api/forms', { title, fields: fields.filter((field) => field.name.trim() !== '') })
      setProblem(failure)
      if (failure !== undefined) return
      setTitle('')
      setFields([blank])
      router.refresh()
    })
  }

  return (
    <form className="card new-form" onSubmit={create}>
      <h2>New form</h2>
      {problem !== undefined && <p className="problem" role="alert">{problem}</p>}
      <input value={title} onChange={(event) => setTitle(event.target.value)} placeholder="Title" aria-label="Title" maxLength={200} required />
      {fields.map((field, index) => (
        <div className="row" key={index}>
          <input value={field.name} onChange={(event) => change(index, { name: event.target.value })} placeholder="Field" aria-label={`Name of field ${index + 1}`} maxLength={100} />
          <select value={field.type} onChange={(event) => change(index, { type: event.target.value })} aria-label={`Type of field ${index + 1}`}>
            {TYPES.map((type) => (
              <option key={type}>{type}</option>
            ))}
          </select>
        </div>
      ))}
      <div className="row">
        <button type="button" className="quiet" onClick={() => setFields([...fields, blank])}>
          Add a field
        </button>
        <button type="submit" disabled={pending}>
          Create
        </button>
      </div>
    </form>
  )
}
