/** Makes sure that the user of SMOKE_EMAIL and SMOKE_PASSWORD exists; never changes one that does. */
import { createUser } from './accounts.ts'
import { readSeedConfig } from './config.ts'
import { openDatabase } from './database.ts'
import { describeError } from './errors.ts'

async function main() {
  const config = readSeedConfig(process.env)
  const database = openDatabase(config.DATABASE_URL3, () => {})
  try {
    const created = await createUser(database, config.SMOKE_EMAIL, config.SMOKE_PASSWORD)
    console.log(created ? 'user created' : 'user present')
  } finally {
    await database.close()
  }
}

main().catch((error) => {
  console.error(`seeding failed: ${describeError(error)}`)
  process.exit(1)
})
