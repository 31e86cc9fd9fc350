import assert from 'node:assert/strict'
import path from 'node:path'
import { test } from 'node:test'
import { freeSpace, needSpace, sizeText } from '../../lib/files/space.js'
import { temporaryFolder } from '../data/helpers.js'

const folder = temporaryFolder()

test('sizes are said in words', () => {
  assert.deepEqual([0, 999, 1000, 1234, 99_900, 999_600, 719_000_000, 4.2e12].map(sizeText), [
    '0 bytes',
    '999 bytes',
    '1.0 kB',
    '1.2 kB',
    '99.9 kB',
    '1.0 MB',
    '719 MB',
    '4.2 TB',
  ])
})

test('a folder that is not there yet has the space of the one above it', () => {
  assert.ok(freeSpace(path.join(folder, 'a/b/c')) > 0)
})

test('work that the disk has no room for is refused with both sizes', () => {
  needSpace(folder, 5, () => 5)
  assert.throws(() => needSpace(folder, 719_000_000, () => 12_000), /expected 719 MB of free space, found 12\.0 kB/)
})
