import { join } from 'node:path'
import type { NextConfig } from 'next'

const monorepo = join(import.meta.dirname, '..', '..')

/** For `npm run dev` only: elsewhere the proxy in front sends /api to the API. */
const developmentProxy = async () => [
  { source: '/api/:path*', destination: `${process.env.API_BASE ?? 'http://127.0.0.1:3001'}/api/:path*` },
]

const config: NextConfig = {
  output: 'standalone',
  outputFileTracingRoot: monorepo,
  turbopack: { root: monorepo },
  // The same sources give the same build: the id is the caller's, never random.
  generateBuildId: () => process.env.BUILD_ID ?? 'dev',
  ...(process.env.NODE_ENV === 'development' && { rewrites: developmentProxy }),
  poweredByHeader: false,
  // No image is resized here, so sharp (half of the artifact) stays out. The
  // globs start at this folder: '**/node_modules/...' would match nothing.
  images: { unoptimized: true },
  outputFileTracingExcludes: { '*': ['../../node_modules/sharp/**/*', '../../node_modules/@img/**/*'] },
}

export default config
