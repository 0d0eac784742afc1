/** Every error leaves as JSON `{error: "..."}`, and none of them with secrets. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ZodError } from 'zod'

/** An answer other than success, thrown from anywhere in a handler. */
export class HttpError extends Error {
  readonly statusCode: number

  constructor(statusCode: number, message: string) {
    super(message)
    this.statusCode = statusCode
  }
}

export function sendError(error: FastifyError | HttpError | ZodError, request: FastifyRequest, reply: FastifyReply) {
  if (error instanceof ZodError) {
    return reply.code(400).send({ error: 'the request is not valid', issues: error.issues })
  }
  const status = error.statusCode ?? 500
  if (status < 500) return reply.code(status).send({ error: error.message })
  request.log.error({ err: underlying(error) }, 'request failed')
  return reply.code(status).send({ error: 'internal error' })
}

export function sendNotFound(request: FastifyRequest, reply: FastifyReply) {
  return reply.code(404).send({ error: 'not found' })
}

/**
 * The driver's error inside drizzle's. Drizzle puts the query and its
 * parameters into the message, and those may be password or session hashes.
 */
export function underlying(error: unknown): unknown {
  return error instanceof Error && error.cause instanceof Error ? underlying(error.cause) : error
}

/** One line for people: message, code and detail, as PostgreSQL gives them. */
export function describeError(error: unknown) {
  const cause = underlying(error) as { message?: string; code?: string; detail?: string }
  const parts = [cause.message || 'failed', cause.code && `(${cause.code})`, cause.detail && `- ${cause.detail}`]
  return parts.filter(Boolean).join(' ')
}
