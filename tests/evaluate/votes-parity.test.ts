import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ARC_ENTRIES, compareArc } from '../../bench/parity/arc.js'
import { sharedPath } from '../shared.js'

const file = sharedPath('golden/data-and-numerics.json')
const skip = file === null ? 'no reference numbers (shared/golden)' : false

type Entries = Record<string, unknown>

function entries(): Entries {
  return JSON.parse(readFileSync(file!, 'utf8')) as Entries
}

test('everything about ARC agrees exactly with the published code: grids, encoding, crop, names, votes', {
  skip,
}, () => {
  const rows = compareArc(entries(), 'x.json')
  assert.deepEqual(
    rows.map(({ variant }) => variant),
    ARC_ENTRIES,
  )
  for (const { variant, error, worst } of rows) assert.equal(error, 0, `${variant}: ${worst}`)
})

/** Follows a path into entries and changes what is there. */
function changed(path: (string | number)[], value: unknown): Entries {
  const all = entries()
  let at = all as Record<string | number, unknown>
  for (const step of path.slice(0, -1)) at = at[step] as Record<string | number, unknown>
  at[path.at(-1)!] = value
  return all
}

const differences: [string, (string | number)[], unknown, RegExp][] = [
  ['a cell of a transform', ['dihedral', 'outputs', 5, 0, 0], 1, /outputs\[5\]/],
  ['a cell of an inverse', ['dihedral', 'inverse_of_each', 7, 0, 0], 1, /inverse_of_each\[7\]/],
  ['a token', ['arc_encode_no_translation', 2, 'output_seq', 899], 5, /\[2\]\.output_seq/],
  ['a hash', ['arc_encode_no_translation', 0, 'input_hash'], 'x', /\[0\]\.input_hash/],
  ['a cropped grid', ['arc_crop', 3, 'cropped'], [[1]], /\[3\]\.cropped/],
  ['a task behind a name', ['arc_augmentation_names', 1, 'original'], 'x', /\[1\]\.original/],
  ['a pass@k', ['arc_voting', 'result', 'ARC/pass@2'], 0.75, /pass@2/],
  ['a submission', ['arc_voting', 'submission', 'p0', 0, 'attempt_2'], [[1]], /submission/],
]
for (const [what, path, value, worst] of differences)
  test(`${what} that differs is found`, { skip }, () => {
    const row = compareArc(changed(path, value), 'x.json').find(({ variant }) => variant === path[0])!
    assert.equal(row.error, Number.POSITIVE_INFINITY)
    assert.match(row.worst, worst)
  })

const malformed: [string, (string | number)[], unknown, RegExp][] = [
  ['seven transforms', ['dihedral', 'outputs'], [], /x\.json, dihedral\.outputs: expected an entry as in/],
  ['a ragged grid', ['arc_crop', 0, 'cropped'], [[1], [1, 2]], /arc_crop\[0\]\.cropped: .*rows of one length/],
  ['a board that is no square', ['arc_crop', 1, 'seq'], [1, 2], /arc_crop\[1\]\.seq: .*square/],
  [
    'a token that is a text',
    ['arc_voting', 'predictions', 4, 'pred', 7],
    'x',
    /arc_voting\.predictions\[4\]\.pred\[7\]/,
  ],
  [
    'a row that has no name',
    ['arc_voting', 'predictions', 0, 'puzzle_identifier'],
    99,
    /predictions\[0\]\.puzzle_identifier: expected a row/,
  ],
  ['a malformed name', ['arc_voting', 'identifiers', 2], 'p0|||t9', /arc_voting\.identifiers, \[2\]: expected NAME or/],
  ['an unknown metric', ['arc_voting', 'result', 'pass'], 1, /arc_voting\.result/],
  [
    'a name of no version',
    ['arc_augmentation_names', 0, 'name'],
    'a|||b',
    /arc_augmentation_names\[0\]\.name: expected NAME or/,
  ],
]
for (const [what, path, value, message] of malformed)
  test(`an entry with ${what} is one error with its place`, { skip }, () => {
    assert.throws(() => compareArc(changed(path, value), 'x.json'), { name: 'UserError', message })
  })

test('entries that are not there are passed over', () => {
  assert.deepEqual(compareArc({}, 'x.json'), [])
  assert.deepEqual(compareArc({ arc_crop: [] }, 'x.json'), [
    { variant: 'arc_crop', quantity: 'cropped grids', error: 0, worst: 'all equal' },
  ])
})
