/** The connection pool and its drizzle face. */
import { drizzle } from 'drizzle-orm/node-postgres'
import { Pool } from 'pg'

export type Database = ReturnType<typeof openDatabase>

export function openDatabase(url: string, onIdleError: (error: Error) => void) {
  const pool = new Pool({ connectionString: url, max: 10, connectionTimeoutMillis: 3000 })
  // Without a listener, a database restart would end this process: pg reports
  // the loss of an idle connection as an 'error' event.
  pool.on('error', onIdleError)
  return {
    orm: drizzle(pool),
    ping: () => ping(pool),
    close: () => pool.end(),
  }
}

/** Milliseconds until a silent database counts as unreachable. */
const PING_TIMEOUT = 1000

async function ping(pool: Pool) {
  const timeout = new AbortController()
  // query_timeout frees the connection; the race also covers the connecting.
  const query = pool.query({ text: 'select 1', query_timeout: PING_TIMEOUT } as { text: string })
  const deadline = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${PING_TIMEOUT} ms`)), PING_TIMEOUT)
    timeout.signal.addEventListener('abort', () => clearTimeout(timer))
  })
  try {
    await Promise.race([query, deadline])
  } finally {
    timeout.abort()
    query.catch(() => {}) // the race has already reported
  }
}
