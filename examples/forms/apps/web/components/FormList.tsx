import type { Form } from '../lib/api'

const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })

export function FormList({ forms }: { forms: Form[] }) {
  if (forms.length === 0) return <p className="notice">No forms yet.</p>
  return (
    <ul className="forms">
      {forms.map((form) => (
        <li key={form.id} className="card">
          <div className="card-head">
            <h2>{form.title}</h2>
            <time dateTime={form.createdAt}>{date.format(new Date(form.createdAt))}</time>
          </div>
          <p className="fields">
            {form.fields.map((field, index) => (
              <span key={index} className="field">
                {field.name} <small>{field.type}</small>
              </span>
            ))}
            {form.fields.length === 0 && <small>no fields</small>}
          </p>
        </li>
      ))}
    </ul>
  )
}
