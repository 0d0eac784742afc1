/**
 * Brings the database up to the migrations beside this file, and prints which
 * ones that took. Exits 1 when any of them is not in the database afterwards.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { Client } from 'pg'
import { readMigrateConfig } from './config.ts'
import { describeError } from './errors.ts'

// Any number that nothing else in this database locks.
const LOCK = 20260105

type Migration = { tag: string; hash: string }

async function main() {
  const { DATABASE_URL3 } = readMigrateConfig(process.env)
  const folder = migrationsFolder()
  const client = new Client({ connectionString: DATABASE_URL3, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {}) // the running query reports the same loss
  await client.connect()
  try {
    // Drizzle takes no lock: two deploys at once would run the same SQL twice.
    await client.query('select pg_advisory_lock($1)', [LOCK])
    const migrations = readMigrations(folder)
    const before = await appliedHashes(client)
    await migrate(drizzle(client), { migrationsFolder: folder })
    const after = await appliedHashes(client)

    const fresh = migrations.filter(({ hash }) => after.has(hash) && !before.has(hash))
    for (const { tag } of fresh) console.log(`applied ${tag}`)
    if (fresh.length === 0) console.log(`nothing to apply, ${before.size} migrations were in place`)

    // Drizzle skips, without a word, a migration older than the last one applied
    // and one that was edited after it had been applied.
    const missing = migrations.filter(({ hash }) => !after.has(hash))
    if (missing.length > 0) {
      throw new Error(`not in the database, because out of order or edited since: ${missing.map(({ tag }) => tag).join(', ')}`)
    }
  } finally {
    await client.end()
  }
}

/** Beside the bundle in dist/, one level up when run from src/. */
function migrationsFolder() {
  const folders = [join(import.meta.dirname, 'drizzle'), join(import.meta.dirname, '..', 'drizzle')]
  const found = folders.find((folder) => existsSync(join(folder, 'meta', '_journal.json')))
  if (found === undefined) throw new Error('no drizzle/meta/_journal.json beside migrate.js')
  return found
}

function readMigrations(folder: string): Migration[] {
  const journal = JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8')) as { entries: { tag: string }[] }
  const files = readMigrationFiles({ migrationsFolder: folder }) // in the journal's order
  return journal.entries.map(({ tag }, index) => ({ tag, hash: files[index]!.hash }))
}

async function appliedHashes(client: Client): Promise<Set<string>> {
  const ledger = await client.query(`select to_regclass('drizzle.__drizzle_migrations') is not null as present`)
  if (!ledger.rows[0].present) return new Set()
  const { rows } = await client.query('select hash from drizzle.__drizzle_migrations')
  return new Set(rows.map((row) => row.hash))
}

main().catch((error) => {
  console.error(`migration failed: ${describeError(error)}`)
  process.exit(1)
})
