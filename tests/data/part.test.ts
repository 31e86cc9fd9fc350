import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { sha256 } from '../../lib/files/atomic.js'
import { processSpace } from '../../lib/files/owner.js'
import type { Checksum } from '../../lib/storage/fetch/checksum.js'
import { openPart, removeParts } from '../../lib/storage/fetch/part.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-part-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const content = Buffer.from('what is published')
const checksum: Checksum = { kind: 'sha256', hex: sha256(content) }
const file = path.join(folder, 'train.csv')
/** A process that cannot be: numbers end at 2^22. */
const DEAD = 2 ** 22 + 1
const part = `train.csv.part.${DEAD}-${processSpace()}-0.tmp`

for (const left of [[`${part}.json`], [`.${part}.json.${DEAD}.tmp`], [part], [part, `.${part}.json.${DEAD}.tmp`]]) {
  test(`a download that finds ${left.map((name) => name.replaceAll(part, 'PART')).join(' and ')} of a dead process ends with its file alone`, () => {
    for (const name of left) writeFileSync(path.join(folder, name), '{')
    const download = openPart(file, content.length, checksum)
    download.restart(null)
    download.write(content)
    download.finish()
    assert.deepEqual(readdirSync(folder), ['train.csv'])
    assert.deepEqual(readFileSync(file), content)
    for (const name of left) writeFileSync(path.join(folder, name), '{')
    removeParts(file)
    assert.deepEqual(readdirSync(folder), ['train.csv'])
    rmSync(file)
  })
}

test('parts of processes at work, and of machines that cannot be seen from here, stay', () => {
  const others = [
    `train.csv.part.${process.ppid}-${processSpace()}-0.tmp.json`,
    `train.csv.part.${DEAD}-0123456789ab-0.tmp.json`,
    `.train.csv.part.${DEAD}-0123456789ab-1.tmp.json.${DEAD}.tmp`,
  ]
  for (const name of others) writeFileSync(path.join(folder, name), '{')
  removeParts(file)
  assert.deepEqual(readdirSync(folder).sort(), others.sort())
})
