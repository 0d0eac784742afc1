import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { authenticate } from '../accounts.ts'
import type { Dependencies } from '../app.ts'
import { clearSessionCookie, sessionToken, setSessionCookie, signedInUser } from '../authentication.ts'
import { HttpError } from '../errors.ts'
import { endSession, startSession } from '../sessions.ts'

const credentials = z.object({
  email: z.string().trim().toLowerCase().pipe(z.email()),
  password: z.string().min(1).max(200),
})

export function authRoutes({ database }: Dependencies) {
  return async (app: FastifyInstance) => {
    app.post('/login', async (request, reply) => {
      const { email, password } = credentials.parse(request.body)
      const user = await authenticate(database, email, password)
      if (user === undefined) throw new HttpError(401, 'wrong e-mail or password')
      setSessionCookie(request, reply, await startSession(database, user.id))
      return { user }
    })

    app.post('/logout', async (request, reply) => {
      const token = sessionToken(request)
      if (token !== undefined) await endSession(database, token)
      clearSessionCookie(request, reply)
      return reply.code(204).send()
    })

    app.get('/me', async (request) => ({ user: await signedInUser(database, request) }))
  }
}
