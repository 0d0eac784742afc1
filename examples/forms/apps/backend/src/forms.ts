/** Forms as the API shows them. */
import { and, asc, desc, eq, isNotNull } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from './database.ts'
import { forms } from './schema.ts'
import { slugCandidates } from './slugs.ts'

// PostgreSQL stores any character but NUL, and none of the others belongs in a title.
const line = (max: number) =>
  z.string().trim().min(1).max(max).regex(/^\P{Cc}*$/u, 'should have no control characters')

export const newForm = z.object({
  title: line(200),
  fields: z.array(z.object({ name: line(100), type: z.enum(['text', 'number', 'date', 'choice']) })).max(100),
})
export type NewForm = z.infer<typeof newForm>

const columns = { id: forms.id, title: forms.title, fields: forms.fields, createdAt: forms.createdAt }

export function listForms(db: Database) {
  return db.orm.select(columns).from(forms).orderBy(desc(forms.createdAt), asc(forms.id))
}

export async function mapSlugs(db: Database): Promise<Record<string, string>> {
  const rows = await db.orm.select({ slug: forms.slug, id: forms.id }).from(forms).where(isNotNull(forms.slug)).orderBy(asc(forms.slug))
  return Object.fromEntries(rows.map((row) => [row.slug, row.id]))
}

export async function createForm(db: Database, ownerId: string, form: NewForm) {
  for (const slug of slugCandidates(form.title)) {
    const [created] = await db.orm
      .insert(forms)
      .values({ ...form, slug, ownerId })
      .onConflictDoNothing({ target: forms.slug })
      .returning(columns)
    if (created !== undefined) return created
  }
  throw new Error('no free slug found')
}

/** Deletes a form of this owner; tells whether there was one. */
export async function deleteForm(db: Database, ownerId: string, id: string) {
  const deleted = await db.orm
    .delete(forms)
    .where(and(eq(forms.id, id), eq(forms.ownerId, ownerId)))
    .returning({ id: forms.id })
  return deleted.length === 1
}
