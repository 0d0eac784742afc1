/** What the processes read from the environment, checked once at the start. */
import { z } from 'zod'

// The variable has this odd name because the project once switched databases at
// run time by mistake. DATABASE_URL3 is the one real target; there is no fallback.
const databaseUrl = z
  .string('is missing')
  .refine((value) => /^postgres(ql)?:\/\//.test(value) && URL.canParse(value), 'should be a postgresql:// URL')

const blankIsAbsent = (value: unknown) => (value === '' ? undefined : value)

const serverEnvironment = z.object({
  DATABASE_URL3: databaseUrl,
  SESSION_SECRET: z.string('is missing').min(16, 'should have at least 16 characters'),
  HOST: z.preprocess(blankIsAbsent, z.string().default('127.0.0.1')),
  PORT: z.preprocess(blankIsAbsent, z.coerce.number('should be a port number').int().min(0).max(65535).default(3001)),
  SOCKET_PATH: z.preprocess(blankIsAbsent, z.string().optional()),
  LISTEN_FDS: z.string().optional(),
  RELEASE: z.preprocess(blankIsAbsent, z.string().optional()),
  LOG_LEVEL: z.preprocess(
    blankIsAbsent,
    z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'should be debug, info, warn, error or silent').default('info'),
  ),
})

const migrateEnvironment = z.object({ DATABASE_URL3: databaseUrl })

const seedEnvironment = z.object({
  DATABASE_URL3: databaseUrl,
  SMOKE_EMAIL: z.string('is missing').toLowerCase().pipe(z.email('should be an e-mail address')),
  SMOKE_PASSWORD: z.string('is missing').min(8, 'should have at least 8 characters').max(200, 'should have at most 200 characters'),
})

type Environment = Record<string, string | undefined>
export type ServerConfig = z.infer<typeof serverEnvironment>

export const readServerConfig = (env: Environment) => read(serverEnvironment, env)
export const readMigrateConfig = (env: Environment) => read(migrateEnvironment, env)
export const readSeedConfig = (env: Environment) => read(seedEnvironment, env)

/** Names every variable that is wrong and what it should be, never its value. */
function read<T>(schema: z.ZodType<T>, env: Environment): T {
  const result = schema.safeParse(env)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new Error(`wrong environment: ${problems.join('; ')}`)
}
