/** Readable, unique names for forms. */
import { randomBytes } from 'node:crypto'

/** `Solicitud de crédito (2026)` → `solicitud-de-credito-2026`. */
export function slugify(title: string) {
  const plain = title.normalize('NFKD').replace(/\p{Mark}/gu, '').toLowerCase()
  const slug = plain.replace(/[^a-z0-9]+/g, '-').slice(0, 60).replace(/^-+|-+$/g, '')
  return slug === '' ? 'form' : slug
}

/** The plain slug first, then ones with a random end for titles already taken. */
export function slugCandidates(title: string) {
  const slug = slugify(title)
  return [slug, ...Array.from({ length: 4 }, () => `${slug}-${randomBytes(4).toString('hex')}`)]
}
