/** Users and their passwords. */
import { eq } from 'drizzle-orm'
import type { Database } from './database.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { users } from './schema.ts'

export type User = { id: string; email: string }

/** Adds the user unless the address is taken; tells whether it did. */
export async function createUser(db: Database, email: string, password: string) {
  const passwordHash = await hashPassword(password)
  const created = await db.orm.insert(users).values({ email, passwordHash }).onConflictDoNothing().returning({ id: users.id })
  return created.length === 1
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
