import { defineConfig } from 'drizzle-kit'

// Only `drizzle-kit generate` is used: it compares src/schema.ts with the last
// snapshot and needs no database, so no credentials belong here.
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/schema.ts',
  out: './drizzle',
})
