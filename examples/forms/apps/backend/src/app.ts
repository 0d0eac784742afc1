/** The HTTP server, not yet listening. */
import { randomUUID } from 'node:crypto'
import { BlockList, isIPv6 } from 'node:net'
import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { ServerConfig } from './config.ts'
import type { Database } from './database.ts'
import { sendError, sendNotFound } from './errors.ts'
import { authRoutes } from './routes/auth.ts'
import { formRoutes } from './routes/forms.ts'
import { healthRoutes } from './routes/health.ts'

export type Dependencies = { config: ServerConfig; database: Database }

export function buildApp(dependencies: Dependencies) {
  const { config } = dependencies
  const app = Fastify({
    logger: { level: config.LOG_LEVEL, base: { pid: process.pid, release: config.RELEASE } },
    trustProxy: isLocalPeer,
    requestIdHeader: 'x-request-id',
    genReqId: () => randomUUID(),
    // While stopping, answer what still arrives instead of refusing it, and let
    // go of the proxy's idle connections, which would hold the process.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
  })

  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
  })
  closeConnectionsWhenStopping(app)
  app.setErrorHandler(sendError)
  app.setNotFoundHandler(sendNotFound)

  app.register(cookie, { secret: config.SESSION_SECRET })
  app.register(healthRoutes(dependencies), { prefix: '/api' })
  app.register(authRoutes(dependencies), { prefix: '/api/auth' })
  app.register(formRoutes(dependencies), { prefix: '/api' })
  return app
}

/**
 * Closing drops connections that are idle at that moment. One that carries a
 * request becomes idle later, and would hold the process for as long as the
 * proxy keeps it alive; so its answer says that it is the last.
 */
function closeConnectionsWhenStopping(app: FastifyInstance) {
  let stopping = false
  app.addHook('preClose', async () => {
    stopping = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) reply.header('connection', 'close')
  })
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Whether forwarded headers from this peer count. Fastify's 'loopback' would do
 * for TCP, but the peer of a unix socket has no address at all, and its
 * X-Forwarded-Proto would be ignored: cookies would lose their Secure flag.
 */
export function isLocalPeer(address: string | undefined) {
  if (address === undefined) return true
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}
