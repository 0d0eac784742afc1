import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildApp, isLocalPeer } from '../src/app.ts'
import { readServerConfig } from '../src/config.ts'
import type { Database } from '../src/database.ts'

const config = readServerConfig({
  DATABASE_URL3: 'postgresql://127.0.0.1/unused',
  SESSION_SECRET: 'sixteen characters',
  LOG_LEVEL: 'silent',
})
const unreachable = { ping: () => Promise.reject(new Error('refused')) } as unknown as Database

test('health tells a lost database by 503', async () => {
  const answer = await buildApp({ config, database: unreachable }).inject('/api/health')
  assert.equal(answer.statusCode, 503)
  assert.deepEqual(answer.json(), { status: 'degraded', database: 'unreachable' })
})

test('unknown paths are JSON, and the request id comes back', async () => {
  const answer = await buildApp({ config, database: unreachable }).inject({ url: '/api/nothing', headers: { 'x-request-id': 'abc' } })
  assert.equal(answer.statusCode, 404)
  assert.deepEqual(answer.json(), { error: 'not found' })
  assert.equal(answer.headers['x-request-id'], 'abc')
})

test('forged cookies are nobody', async () => {
  const answer = await buildApp({ config, database: unreachable }).inject({ url: '/api/auth/me', cookies: { session: 'token.forged' } })
  assert.equal(answer.statusCode, 401)
})

test('forwarded headers count from this machine only', () => {
  assert.equal(isLocalPeer(undefined), true)
  assert.equal(isLocalPeer('127.0.0.1'), true)
  assert.equal(isLocalPeer('::ffff:127.0.0.1'), true)
  assert.equal(isLocalPeer('203.0.113.7'), false)
})
