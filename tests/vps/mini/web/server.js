// The smallest web app: one page.
const { createServer } = require('node:http')

const PAGE = '<!doctype html><title>mini</title><h1>Mini one</h1>'

const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'x-pid': process.pid })
  response.end(PAGE)
})
server.keepAliveTimeout = 72_000
server.listen(Number(process.env.PORT), process.env.HOST)
process.on('SIGTERM', () => {
  server.close(() => process.exit(0))
  server.closeIdleConnections()
})
