/** The API process: starts, serves, and on SIGTERM or SIGINT finishes its work and leaves. */
import { buildApp } from './app.ts'
import { readServerConfig } from './config.ts'
import { openDatabase } from './database.ts'
import { describeError, underlying } from './errors.ts'
import { listen } from './listen.ts'

/** Milliseconds that requests in flight get to finish. */
const STOP_TIMEOUT = 25_000

async function main() {
  const config = readServerConfig(process.env)
  const database = openDatabase(config.DATABASE_URL3, (error) => app.log.warn({ err: underlying(error) }, 'lost a database connection'))
  const app = buildApp({ config, database })

  async function stop(signal: NodeJS.Signals) {
    app.log.info({ signal }, 'stopping')
    setTimeout(() => {
      app.log.error('requests are still running, leaving anyway')
      process.exit(1)
    }, STOP_TIMEOUT).unref()
    await app.close()
    await database.close()
    app.log.info('stopped')
    process.exit(0)
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)

  await listen(app, config)
}

main().catch((error) => {
  console.error(`cannot start: ${describeError(error)}`)
  process.exit(1)
})
