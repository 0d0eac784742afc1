// A login and a list of forms in memory, as smoke/login.py and smoke/forms.py want them.
const { createHmac, randomUUID } = require('node:crypto')

const EMAIL = 'smoke@mini.example'
const PASSWORD = 'a mini password'
const forms = new Map()
const ended = new Set()

const sign = (id) => createHmac('sha256', `key ${process.env.MINI_SECRET}`).update(id).digest('hex')
const cookie = (value) => ({ 'set-cookie': `session=${value}; Path=/; HttpOnly; SameSite=Lax` })

function signedIn(request) {
  const [, id, mac] = /session=([^.;]+)\.(\w+)/.exec(request.headers.cookie ?? '') ?? []
  return id !== undefined && mac === sign(id) && !ended.has(id) ? id : null
}

async function body(request) {
  let text = ''
  for await (const chunk of request) text += chunk
  return text === '' ? {} : JSON.parse(text)
}

// Answers what is below /api/account/ and /api/forms.
exports.account = async (request, path, answer) => {
  const asked = `${request.method} ${path}`
  if (asked === 'POST /api/account/login') {
    const given = await body(request)
    if (given.email !== EMAIL || given.password !== PASSWORD) return answer(401, { error: 'wrong' })
    const id = randomUUID()
    return answer(200, {}, cookie(`${id}.${sign(id)}`))
  }
  const session = signedIn(request)
  if (session === null) return answer(401, { error: 'sign in' })
  if (asked === 'GET /api/account/me') return answer(200, { user: { email: EMAIL } })
  if (asked === 'POST /api/account/logout') {
    ended.add(session)
    return answer(200, {}, cookie(''))
  }
  if (asked === 'GET /api/forms') return answer(200, { forms: [...forms.values()] })
  if (asked === 'POST /api/forms') {
    const form = { id: randomUUID(), ...(await body(request)) }
    forms.set(form.id, form)
    return answer(201, { form })
  }
  if (request.method === 'DELETE' && forms.delete(path.slice('/api/forms/'.length))) return answer(204)
  answer(404, { error: 'not found' })
}
