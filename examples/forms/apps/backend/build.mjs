// Bundles the server and its two one-off commands into dist/, which is the
// whole artifact: it runs with Node alone, without node_modules.
import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const here = import.meta.dirname
const dist = join(here, 'dist')

await rm(dist, { recursive: true, force: true })
await build({
  absWorkingDir: here,
  entryPoints: ['src/server.ts', 'src/migrate.ts', 'src/seed.ts'],
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node22',
  format: 'esm',
  // Optional native driver of pg, which is not installed.
  external: ['pg-native'],
  // Dependencies in CommonJS call require(), which an ES module does not have.
  banner: {
    js: "import { createRequire as createRequireForBundle } from 'node:module'; const require = createRequireForBundle(import.meta.url);",
  },
  // No source maps and no minifying: stack traces stay readable, and the bytes
  // depend on nothing but the sources and the lockfile.
  sourcemap: false,
  legalComments: 'none',
  logLevel: 'warning',
})
await cp(join(here, 'drizzle'), join(dist, 'drizzle'), { recursive: true })
await writeFile(join(dist, 'package.json'), '{"type":"module"}\n')
