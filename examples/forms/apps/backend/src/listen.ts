/** The three ways to be reached: an inherited socket, a socket file, or a port. */
import { once } from 'node:events'
import { lstatSync, unlinkSync } from 'node:fs'
import type { FastifyInstance } from 'fastify'
import type { ServerConfig } from './config.ts'

/** The first descriptor that systemd hands over. */
const FIRST_PASSED_FD = 3

export async function listen(app: FastifyInstance, config: ServerConfig) {
  if (config.LISTEN_FDS === '1') return listenOnPassedSocket(app)
  if (config.SOCKET_PATH !== undefined) {
    removeStaleSocket(config.SOCKET_PATH)
    return app.listen({ path: config.SOCKET_PATH })
  }
  return app.listen({ host: config.HOST, port: config.PORT })
}

/** Past app.listen(), which wants to log an address: an inherited unix socket has none. */
async function listenOnPassedSocket(app: FastifyInstance) {
  await app.ready()
  app.server.listen({ fd: FIRST_PASSED_FD })
  await once(app.server, 'listening')
  app.log.info(`Server listening on descriptor ${FIRST_PASSED_FD}`)
}

/** A process that was killed leaves its file behind, and the next bind would fail. */
function removeStaleSocket(path: string) {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat?.isSocket()) unlinkSync(path)
}
