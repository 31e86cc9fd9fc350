import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wellFormedJson } from '../../lib/files/json-text.js'
import fc from '../fast-check.js'

test('half of a surrogate pair is written as U+FFFD, in values and in keys', () => {
  const half = '😀'.slice(0, 1)
  assert.equal(wellFormedJson({ [half]: [`a${half}`, '😀'.slice(1)] }), '{"\ufffd":["a\ufffd","\ufffd"]}')
  assert.equal(wellFormedJson(['😀', '\ud83d😀']), '["😀","\ufffd😀"]')
})

test('text that only looks like the escape of half a pair is left alone', () => {
  for (const text of ['\\ud83d', '\\\\ud83d', '\\\\\\ud83d', '"\\ud83d"', 'x\\', '\u0007\\udead', '\ufffd'])
    assert.equal(JSON.parse(wellFormedJson(text)), text)
  assert.equal(JSON.parse(wellFormedJson('\\ud83d\ud83d')), '\\ud83d\ufffd')
})

test('any value is written as JSON of which Buffer loses nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      assert.equal(wellFormedJson(value, 1), JSON.stringify(value, null, 1))
    }),
  )
  const units = fc.array(fc.constantFrom('\\', '"', 'u', 'd83d', '\ud83d', '\ude00', '\n', '\u0001', 'é'))
  fc.assert(
    fc.property(units, (parts) => {
      const text = parts.join('')
      assert.equal(JSON.parse(wellFormedJson(text)), Buffer.from(text).toString())
    }),
  )
})
