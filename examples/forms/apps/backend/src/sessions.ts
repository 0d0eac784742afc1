/**
 * Sessions live in the database, so that any release and any colour accepts a
 * cookie that another one has issued, and logging out holds everywhere.
 */
import { createHash, randomBytes } from 'node:crypto'
import { and, eq, gt, lt } from 'drizzle-orm'
import type { User } from './accounts.ts'
import type { Database } from './database.ts'
import { sessions, users } from './schema.ts'

/** Seconds a session lasts. */
export const SESSION_LIFETIME = 7 * 24 * 60 * 60

/** Starts a session and returns its token, which only the cookie ever holds. */
export async function startSession(db: Database, userId: string) {
  const now = new Date()
  const token = randomBytes(32).toString('base64url')
  await db.orm.delete(sessions).where(and(eq(sessions.userId, userId), lt(sessions.expiresAt, now)))
  await db.orm.insert(sessions).values({
    tokenHash: hashToken(token),
    userId,
    expiresAt: new Date(now.getTime() + SESSION_LIFETIME * 1000),
  })
  return token
}

export async function findSessionUser(db: Database, token: string): Promise<User | undefined> {
  const [user] = await db.orm
    .select({ id: users.id, email: users.email })
    .from(sessions)
    .innerJoin(users, eq(users.id, sessions.userId))
    .where(and(eq(sessions.tokenHash, hashToken(token)), gt(sessions.expiresAt, new Date())))
  return user
}

export async function endSession(db: Database, token: string) {
  await db.orm.delete(sessions).where(eq(sessions.tokenHash, hashToken(token)))
}

export function hashToken(token: string) {
  return createHash('sha256').update(token).digest('hex')
}
