// The smallest worker: it says when it begins and ends, and has its number for itself alone. Two at
// once would both want port 4999, and the second would die of it.
const { createServer } = require('node:net')

const VERSION = 'one'

const alone = createServer().listen(4999, '127.0.0.1', () => console.log(`begins ${VERSION}`))
process.on('SIGTERM', () => {
  console.log(`ends ${VERSION}`)
  alone.close(() => process.exit(0))
})
