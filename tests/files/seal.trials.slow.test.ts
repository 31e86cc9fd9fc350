import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import type { JsonObject } from '../../lib/files/json.js'
import { canonicalJson, openSealedJson, sealJson } from '../../lib/files/sealed-json.js'
import { trials } from '../trials.js'

const sealed = canonicalJson(sealJson({ lr: 0.001, warmup: 0, name: 'grüß', list: [1, 2, { a: null }] }))
const bits = Array.from({ length: 8 * Buffer.byteLength(sealed) }, (_, bit) => bit)

const attempt = (bit: number): void => {
  const bytes = Buffer.from(sealed)
  bytes[bit >> 3]! ^= 1 << (bit & 7)
  let value: JsonObject
  try {
    value = JSON.parse(bytes.toString('utf8')) as JsonObject
  } catch {
    return
  }
  assert.throws(() => openSealedJson(value, 'x.json', 'Copy it again.'), UserError)
}

test(...trials('a sealed JSON object with a flipped bit is rejected', { cases: bits, sample: 100 }, attempt))
