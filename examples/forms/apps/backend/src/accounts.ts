/** Users and their passwords. */
import { eq } from 'drizzle-orm'
import type { Database } from './database.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { users } from './schema.ts'

export type User = { id: string; email: string }

/** Adds the user, or gives an existing one this password. */
export async function ensureUser(db: Database, email: string, password: string) {
  const known = await authenticate(db, email, password)
  if (known !== undefined) return { id: known.id, outcome: 'present' as const }
  const passwordHash = await hashPassword(password)
  const [created] = await db.orm.insert(users).values({ email, passwordHash }).onConflictDoNothing().returning({ id: users.id })
  if (created !== undefined) return { id: created.id, outcome: 'created' as const }
  const [updated] = await db.orm.update(users).set({ passwordHash }).where(eq(users.email, email)).returning({ id: users.id })
  if (updated === undefined) throw new Error('the user vanished while it was updated')
  return { id: updated.id, outcome: 'updated' as const }
}

/** The user with these credentials, or undefined. */
export async function authenticate(db: Database, email: string, password: string): Promise<User | undefined> {
  const [user] = await db.orm.select().from(users).where(eq(users.email, email))
  // An unknown address costs the same time as a wrong password.
  const matches = await verifyPassword(password, user?.passwordHash ?? (await decoyHash()))
  return user !== undefined && matches ? { id: user.id, email: user.email } : undefined
}

let decoy: Promise<string> | undefined
const decoyHash = () => (decoy ??= hashPassword('nobody has this password'))
