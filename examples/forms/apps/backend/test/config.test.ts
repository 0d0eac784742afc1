import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readServerConfig } from '../src/config.ts'

const good = { DATABASE_URL3: 'postgresql://forms:hunter2@127.0.0.1/forms', SESSION_SECRET: 'sixteen characters' }

test('the defaults listen on loopback only', () => {
  const config = readServerConfig(good)
  assert.equal(config.HOST, '127.0.0.1')
  assert.equal(config.PORT, 3001)
})

test('an error names every variable and shows no value', () => {
  const bad = { DATABASE_URL3: 'mysql://forms:hunter2@127.0.0.1/forms', SESSION_SECRET: 'too-short' }
  assert.throws(() => readServerConfig(bad), (error: Error) => {
    assert.match(error.message, /DATABASE_URL3: should be .*; SESSION_SECRET: should have/)
    assert.doesNotMatch(error.message, /hunter2|too-short/)
    return true
  })
})
