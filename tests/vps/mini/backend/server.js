// The smallest backend that a deploy can be tested with: health, version, echo, login, a WebSocket.
const { createServer } = require('node:http')
const { createHash } = require('node:crypto')
const { account } = require('./account.js')

const VERSION = 'one'

const server = createServer((request, response) => {
  const answer = (status, body, headers) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
  const path = request.url.split('?')[0]
  if (path === '/api/health') return answer(200, { status: 'ok', release: process.env.RELEASE })
  if (path === '/api/version') return answer(200, { version: VERSION, pid: process.pid, release: process.env.RELEASE })
  if (path === '/api/headers') return answer(200, request.headers)
  if (path === '/api/secret') {
    const digest = createHash('sha256').update(process.env.MINI_SECRET ?? '').digest('hex')
    return answer(200, { digest, names: Object.keys(process.env).sort() })
  }
  if (path === '/api/echo') {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => answer(200, { version: VERSION, echo: Buffer.concat(chunks).toString() }))
    return
  }
  if (/^\/api\/(account|forms)(\/|$)/.test(path)) return account(request, path, answer)
  answer(404, { error: 'not found' })
})

// RFC 6455 in a few lines: every frame is sent back, small text frames only.
server.on('upgrade', (request, socket) => {
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
  const accept = createHash('sha1').update(key).digest('base64')
  socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`)
  socket.on('data', (frame) => {
    const length = frame[1] & 0x7f
    const mask = frame.subarray(2, 6)
    const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, at) => byte ^ mask[at % 4]))
    socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]))
  })
  socket.on('error', () => socket.destroy())
})

server.keepAliveTimeout = 72_000
server.listen(Number(process.env.PORT), process.env.HOST)
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
