import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Dependencies } from '../app.ts'
import { signedInUser } from '../authentication.ts'
import { HttpError } from '../errors.ts'
import { createForm, deleteForm, listForms, mapSlugs, newForm } from '../forms.ts'

const formId = z.guid()

export function formRoutes({ database }: Dependencies) {
  return async (app: FastifyInstance) => {
    // Public: the page shows the list before anybody signs in.
    app.get('/forms', async () => ({ forms: await listForms(database) }))

    app.get('/forms-map', async () => ({ forms: await mapSlugs(database) }))

    app.post('/forms', async (request, reply) => {
      const user = await signedInUser(database, request)
      const form = await createForm(database, user.id, newForm.parse(request.body))
      return reply.code(201).send({ form })
    })

    app.delete<{ Params: { id: string } }>('/forms/:id', async (request, reply) => {
      const user = await signedInUser(database, request)
      const id = formId.safeParse(request.params.id)
      // Somebody else's form is answered like one that does not exist.
      if (!id.success || !(await deleteForm(database, user.id, id.data))) throw new HttpError(404, 'no such form')
      return reply.code(204).send()
    })
  }
}
