import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { tableFromArrays } from 'apache-arrow'
import { readArrow, writeArrow } from '../../lib/files/arrow.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-arrow-'))
after(() => rmSync(folder, { recursive: true }))

test('a table is read back, with its checksum or one of several', () => {
  const file = path.join(folder, 'a.arrow')
  const checksum = writeArrow(file, tableFromArrays({ x: Float64Array.of(1, 2) }))
  for (const right of [checksum, ['0'.repeat(64), checksum]])
    assert.deepEqual([...(readArrow(file, right).getChild('x') ?? [])], [1, 2])
})

test('a damaged, cut or foreign file is refused before it is parsed', () => {
  const file = path.join(folder, 'b.arrow')
  const checksum = writeArrow(file, tableFromArrays({ x: Float64Array.of(1, 2) }))
  const bytes = readFileSync(file)
  const damaged = Buffer.from(bytes)
  damaged[100] = damaged[100]! ^ 1
  for (const [content, sum, message] of [
    [damaged, checksum, /expected SHA-256 [0-9a-f]{12,}, found [0-9a-f]{12,}/],
    [bytes.subarray(0, -20), undefined, /a truncated one/],
    [Buffer.from('PK\u0003\u0004 and so on'), undefined, /found something else/],
  ] as const) {
    writeFileSync(file, content)
    assert.throws(() => readArrow(file, sum), { name: 'UserError', message })
  }
})
