import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { writeFileAtomic } from '../../lib/files/atomic.js'
import { tidyBeside } from '../../lib/files/beside.js'
import { removeTemporary } from '../../lib/files/leftovers.js'
import { processSpace } from '../../lib/files/owner.js'
import { withFailure } from './failing.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-leftovers-'))
after(() => rmSync(folder, { recursive: true }))

/** Number of a process that cannot be there. */
const ENDED = 2 ** 22 + 1
const OLD = Date.now() / 1000 - 3600

test('a folder that a killed process had moved aside comes back, unless another one is in its place', () => {
  const place = path.join(folder, 'data')
  const aside = `${place}.${ENDED}-${processSpace()}-0.old`
  mkdirSync(aside)
  writeFileSync(path.join(aside, 'content'), 'first')
  tidyBeside(place)
  assert.equal(readFileSync(path.join(place, 'content'), 'utf8'), 'first')
  const living = ['old', 'tmp'].map((kind) => `data.1-${processSpace()}-0.${kind}`)
  const elsewhere = `data.${ENDED}-another-0.old`
  for (const name of [...living, elsewhere]) mkdirSync(path.join(folder, name))
  for (const kind of ['old', 'tmp']) mkdirSync(`${place}.${ENDED}-${processSpace()}-1.${kind}`)
  tidyBeside(place)
  assert.deepEqual(readdirSync(folder).sort(), ['data', ...living, elsewhere].sort())
  assert.equal(readFileSync(path.join(place, 'content'), 'utf8'), 'first')
})

test('a hidden folder that a killed process had moved aside comes back, too', () => {
  const place = path.join(folder, '.hidden')
  mkdirSync(`${place}.${ENDED}-${processSpace()}-0.old`)
  tidyBeside(place)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('.hidden')),
    ['.hidden'],
  )
})

test('the first write into a folder removes old temporary files of processes that have ended, and no others', () => {
  const place = path.join(folder, 'files')
  mkdirSync(place)
  const names = [`.a.${ENDED}.tmp`, `.b.${ENDED}.tmp`, '.c.1.tmp', `d.${ENDED}.tmp`]
  for (const name of names) writeFileSync(path.join(place, name), '')
  for (const name of names.filter((name) => !name.startsWith('.b'))) utimesSync(path.join(place, name), OLD, OLD)
  writeFileAtomic(path.join(place, 'x'), 'x')
  assert.deepEqual(readdirSync(place).sort(), [...names.slice(1), 'x'].sort())
})

for (const [how, left] of [
  ['once', false],
  ['for good', true],
] as const)
  test(`a temporary file whose removal fails ${how} is ${left ? 'removed by the next write into its folder' : 'removed at the second try'}`, () => {
    const place = path.join(folder, `temporary-${left}`)
    mkdirSync(place)
    const file = path.join(place, '.x.tmp')
    writeFileSync(file, '')
    const { error } = withFailure(0, how, () => removeTemporary(file), 'EIO')
    assert.equal(error, null)
    assert.deepEqual(readdirSync(place), left ? ['.x.tmp'] : [])
    writeFileAtomic(path.join(place, 'y'), 'y')
    assert.deepEqual(readdirSync(place), ['y'])
  })
