import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slugCandidates, slugify } from '../src/slugs.ts'

test('slugs are plain words', () => {
  assert.equal(slugify('  Solicitud de crédito (2026)! '), 'solicitud-de-credito-2026')
  assert.equal(slugify('表'), 'form')
})

test('a taken slug is followed by others', () => {
  const candidates = slugCandidates('Survey')
  assert.equal(candidates[0], 'survey')
  assert.equal(new Set(candidates).size, candidates.length)
})
