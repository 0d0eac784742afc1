/** The session cookie, and who is behind it. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { User } from './accounts.ts'
import type { Database } from './database.ts'
import { HttpError } from './errors.ts'
import { findSessionUser, SESSION_LIFETIME } from './sessions.ts'

const COOKIE = 'session'

export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, token: string) {
  reply.setCookie(COOKIE, token, { ...attributes(request), signed: true, maxAge: SESSION_LIFETIME })
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply) {
  reply.clearCookie(COOKIE, attributes(request))
}

/** The token in the cookie, if its signature is ours. */
export function sessionToken(request: FastifyRequest): string | undefined {
  const cookie = request.cookies[COOKIE]
  if (cookie === undefined) return undefined
  const { valid, value } = request.unsignCookie(cookie)
  return valid ? value : undefined
}

/** The user of the session; answers 401 when there is none. */
export async function signedInUser(database: Database, request: FastifyRequest): Promise<User> {
  const token = sessionToken(request)
  const user = token === undefined ? undefined : await findSessionUser(database, token)
  if (user === undefined) throw new HttpError(401, 'not signed in')
  return user
}

// nginx ends TLS, so what counts is X-Forwarded-Proto (see trustProxy in app.ts).
function attributes(request: FastifyRequest) {
  return { httpOnly: true, sameSite: 'lax', path: '/', secure: request.protocol === 'https' } as const
}
