/**
 * Makes sure that the account of the smoke checks exists and has the password of SMOKE_PASSWORD;
 * when it is new, it gets two forms to look at.
 */
import { ensureUser } from './accounts.ts'
import { readSeedConfig } from './config.ts'
import { openDatabase } from './database.ts'
import { describeError } from './errors.ts'
import { createForm, type NewForm } from './forms.ts'

const SAMPLES: NewForm[] = [
  { title: 'Guest list', fields: [{ name: 'Name', type: 'text' }, { name: 'Guests', type: 'number' }] },
  { title: 'Site visit', fields: [{ name: 'Date', type: 'date' }, { name: 'Weather', type: 'choice' }] },
]

async function main() {
  const config = readSeedConfig(process.env)
  const database = openDatabase(config.DATABASE_URL3, () => {})
  try {
    const user = await ensureUser(database, config.SMOKE_EMAIL, config.SMOKE_PASSWORD)
    if (user.outcome === 'created') {
      for (const form of SAMPLES) await createForm(database, user.id, form)
    }
    console.log(`user ${user.outcome}`)
  } finally {
    await database.close()
  }
}

main().catch((error) => {
  console.error(`seeding failed: ${describeError(error)}`)
  process.exit(1)
})
