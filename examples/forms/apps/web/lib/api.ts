/** What the page reads from the API while it is rendered on the server. */
import 'server-only'
import { headers } from 'next/headers'

export type Form = { id: string; title: string; fields: { name: string; type: string }[]; createdAt: string }
export type User = { id: string; email: string }

/** Milliseconds the page waits for the API before it renders without. */
const TIMEOUT = 3000

/** The forms, newest first, or undefined when the API is unreachable. */
export async function readForms() {
  return (await read<{ forms: Form[] }>('/api/forms'))?.forms
}

export async function readUser() {
  return (await read<{ user: User }>('/api/auth/me'))?.user
}

async function read<T>(path: string): Promise<T | undefined> {
  const base = process.env.API_BASE ?? 'http://127.0.0.1:3001'
  const forwarded = await forwardedHeaders()
  try {
    const answer = await fetch(new URL(path, base), {
      headers: forwarded,
      cache: 'no-store',
      signal: AbortSignal.timeout(TIMEOUT),
    })
    if (answer.ok) return (await answer.json()) as T
    if (answer.status !== 401) logFailure(path, forwarded, `answered ${answer.status}`)
  } catch (error) {
    const { cause, message } = error as Error
    logFailure(path, forwarded, cause instanceof Error ? cause.message : message)
  }
  return undefined
}

/** The visitor's session, and the request id that ties both logs together. */
async function forwardedHeaders() {
  const incoming = await headers()
  const forwarded = new Headers()
  for (const name of ['cookie', 'x-request-id']) {
    const value = incoming.get(name)
    if (value !== null) forwarded.set(name, value)
  }
  return forwarded
}

/** One JSON line, with the request id under the name it has in the API's log. */
function logFailure(path: string, forwarded: Headers, reason: string) {
  console.error(JSON.stringify({ level: 'error', reqId: forwarded.get('x-request-id'), msg: `GET ${path}: ${reason}` }))
}
