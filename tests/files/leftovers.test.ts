import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { writeFileAtomic } from '../../lib/files/atomic.js'
import { recoverFolder } from '../../lib/files/folder-in-place.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-leftovers-'))
after(() => rmSync(folder, { recursive: true }))

/** Number of a process that cannot be there. */
const ENDED = 2 ** 22 + 1
const OLD = Date.now() / 1000 - 3600

test('a folder that a killed process had moved aside comes back, unless another one is in its place', () => {
  const place = path.join(folder, 'data')
  const aside = `${place}.${ENDED}.old`
  mkdirSync(aside)
  writeFileSync(path.join(aside, 'content'), 'first')
  recoverFolder(place)
  assert.equal(readFileSync(path.join(place, 'content'), 'utf8'), 'first')
  for (const kind of ['old', 'tmp']) {
    mkdirSync(`${place}.${ENDED}.${kind}`)
    mkdirSync(`${place}.1.${kind}`)
  }
  recoverFolder(place)
  assert.equal(readdirSync(folder).length, 5, 'what is young, or of a living process, stays')
  for (const name of readdirSync(folder)) utimesSync(path.join(folder, name), OLD, OLD)
  recoverFolder(place)
  assert.deepEqual(readdirSync(folder).sort(), ['data', 'data.1.old', 'data.1.tmp'])
  assert.equal(readFileSync(path.join(place, 'content'), 'utf8'), 'first')
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
