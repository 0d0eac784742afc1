import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, verifyPassword } from '../src/passwords.ts'

test('a hash accepts its password only', async () => {
  const hash = await hashPassword('correct horse')
  assert.equal(await verifyPassword('correct horse', hash), true)
  assert.equal(await verifyPassword('Correct horse', hash), false)
})
