import type { FastifyInstance } from 'fastify'
import type { Dependencies } from '../app.ts'
import { underlying } from '../errors.ts'

export function healthRoutes({ database, config }: Dependencies) {
  return async (app: FastifyInstance) => {
    // Probes come every few seconds: only the failed ones are logged.
    app.get('/health', { logLevel: 'warn' }, async (request, reply) => {
      try {
        await database.ping()
      } catch (error) {
        request.log.warn({ err: underlying(error) }, 'database unreachable')
        return reply.code(503).send({ status: 'degraded', database: 'unreachable' })
      }
      return { status: 'ok', database: 'reachable', release: config.RELEASE ?? null }
    })
  }
}
