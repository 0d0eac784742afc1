/**
 * The tables. After a change run `npm run migration -w apps/backend -- --name <what>`
 * and fill in the header of the new file (owner, purpose, way back).
 */
import { index, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export type FieldType = 'text' | 'number' | 'date' | 'choice'
export type Field = { name: string; type: FieldType }

const createdAt = () => timestamp('created_at', { withTimezone: true }).notNull().defaultNow()

export const users = pgTable('users', {
  id: uuid('id').primaryKey().defaultRandom(),
  email: text('email').notNull().unique(),
  passwordHash: text('password_hash').notNull(),
  createdAt: createdAt(),
})

export const sessions = pgTable(
  'sessions',
  {
    // sha256 of the token in the cookie: a leaked table signs nobody in.
    tokenHash: text('token_hash').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    expiresAt: timestamp('expires_at', { withTimezone: true }).notNull(),
    createdAt: createdAt(),
  },
  (table) => [index('sessions_user_id_index').on(table.userId)],
)

export const forms = pgTable(
  'forms',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    title: text('title').notNull(),
    fields: jsonb('fields').$type<Field[]>().notNull(),
    ownerId: uuid('owner_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    // Nullable on purpose: the release before this column still inserts rows
    // without it while both colours run. A later migration may tighten it.
    slug: text('slug').unique(),
  },
  // Nulls first is what a plain `order by created_at desc` asks for: with
  // drizzle's default, nulls last, PostgreSQL could not use the index.
  (table) => [index('forms_created_at_index').on(table.createdAt.desc().nullsFirst(), table.id)],
)
