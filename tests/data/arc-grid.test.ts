import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ARC_COLOUR_NAMES, ARC_COLOURS } from '../../lib/tasks/arc/colours.js'
import { dihedral, INVERSE, TRANSFORM_NAMES } from '../../lib/tasks/arc/dihedral.js'
import { drawBoard, drawGrid } from '../../lib/tasks/arc/draw.js'
import { crop, encodeGrid } from '../../lib/tasks/arc/encode.js'
import { flatten, gridKey, gridOfKey, nested } from '../../lib/tasks/arc/grid.js'
import { invertPermutation, PERMUTATIONS, permutationOf, permutationRank } from '../../lib/tasks/arc/permutation.js'
import { applyVersion, parseVersionName, undoVersion, VERSION_CODES, versionName } from '../../lib/tasks/arc/version.js'
import fc from '../fast-check.js'
import { anyGrid } from './arc-helpers.js'

const transform = fc.integer({ min: 0, max: 7 })
const code = fc.integer({ min: 0, max: VERSION_CODES - 1 })

test('each dihedral transform does what its name says', () => {
  const grid = flatten([
    [1, 2, 3],
    [4, 5, 6],
  ])
  const expected = [
    '1 2 3\n4 5 6',
    '3 6\n2 5\n1 4',
    '6 5 4\n3 2 1',
    '4 1\n5 2\n6 3',
    '3 2 1\n6 5 4',
    '4 5 6\n1 2 3',
    '1 4\n2 5\n3 6',
    '6 3\n5 2\n4 1',
  ]
  assert.deepEqual(
    TRANSFORM_NAMES.map((_, t) => drawGrid(dihedral(grid, t))),
    expected,
  )
})

test('the dihedral transforms are a group, and INVERSE undoes each', () => {
  const square = flatten([
    [0, 1],
    [2, 3],
  ])
  const images = TRANSFORM_NAMES.map((_, t) => gridKey(dihedral(square, t)))
  assert.equal(new Set(images).size, 8)
  fc.assert(
    fc.property(anyGrid(), transform, transform, (grid, a, b) => {
      assert.deepEqual(dihedral(dihedral(grid, a), INVERSE[a]!), grid)
      // Two in a row are one, the same for every grid.
      const both = images.indexOf(gridKey(dihedral(dihedral(square, a), b)))
      assert.deepEqual(dihedral(dihedral(grid, a), b), dihedral(grid, both))
    }),
  )
})

test('permutations count in lexicographic order from the identity, and rank back', () => {
  assert.equal(permutationOf(0).join(''), '0123456789')
  assert.equal(permutationOf(1).join(''), '0123456798')
  assert.equal(permutationOf(PERMUTATIONS - 1).join(''), '0987654321')
  fc.assert(
    fc.property(fc.integer({ min: 0, max: PERMUTATIONS - 1 }), (rank) => {
      assert.equal(permutationRank(permutationOf(rank)), rank)
      const map = permutationOf(rank)
      const inverse = invertPermutation(map)
      for (let colour = 0; colour < 10; colour++) assert.equal(inverse[map[colour]!], colour)
    }),
  )
  assert.equal(permutationRank([1, 0, 2, 3, 4, 5, 6, 7, 8, 9]), null)
  assert.equal(permutationRank([0, 1, 1, 3, 4, 5, 6, 7, 8, 9]), null)
  assert.equal(permutationRank([0, 1]), null)
})

test('a version undone is the grid itself, and its name says which it is', () => {
  fc.assert(
    fc.property(anyGrid(12), code, (grid, code) => {
      assert.deepEqual(undoVersion(applyVersion(grid, code), code), grid)
      assert.deepEqual(parseVersionName(versionName('a b', code), 'x'), { task: 'a b', code })
    }),
  )
  assert.equal(versionName('abc', 0), 'abc')
  assert.equal(versionName('abc', 3 * PERMUTATIONS + 1), 'abc|||t3|||0123456798')
})

test('colours are mapped before the grid is transformed', () => {
  const { code } = parseVersionName('x|||t6|||0213456789', 'x')
  assert.deepEqual(nested(applyVersion(flatten([[0, 1, 2]]), code)), [[0], [2], [1]])
})

test('a grid anywhere on a board is cropped back, whole', () => {
  const placed = fc
    .tuple(anyGrid(), fc.integer({ min: 0, max: 29 }), fc.integer({ min: 0, max: 29 }))
    .map(([grid, r, c]) => ({ grid, r: Math.min(r, 30 - grid.rows), c: Math.min(c, 30 - grid.columns) }))
  fc.assert(
    fc.property(placed, ({ grid, r, c }) => {
      const board = new Uint8Array(902).fill(99)
      encodeGrid(grid, 30, r, c, board, 1)
      assert.equal(board[0], 99)
      assert.equal(board[901], 99)
      const moved = new Uint8Array(900)
      for (let i = r; i < 30; i++) moved.set(board.subarray(1 + i * 30 + c, 1 + (i + 1) * 30), (i - r) * 30)
      assert.deepEqual(crop(moved, 30), grid)
      const ends = board.subarray(1, 901).filter((token) => token === 1).length
      assert.equal(ends, (r + grid.rows < 30 ? grid.columns : 0) + (c + grid.columns < 30 ? grid.rows : 0))
      const colours = board.subarray(1, 901).filter((token) => token >= 2).length
      assert.equal(colours, grid.rows * grid.columns)
    }),
  )
})

test('encoding in a version is encoding the version', () => {
  fc.assert(
    fc.property(anyGrid(7), code, (grid, code) => {
      const [direct, made] = [new Uint8Array(100), new Uint8Array(100)]
      const version = { transform: Math.floor(code / PERMUTATIONS), colours: permutationOf(code % PERMUTATIONS) }
      encodeGrid(grid, 10, 1, 2, direct, 0, version)
      encodeGrid(applyVersion(grid, code), 10, 1, 2, made, 0)
      assert.deepEqual(direct, made)
    }),
  )
})

test('cropping takes the largest rectangle from the corner; on a tie the one with fewest rows', () => {
  const cropped = (...rows: number[][]): string => drawGrid(crop(rows.flat(), rows.length))
  assert.equal(cropped([2, 3, 4, 1], [5, 1, 0, 0], [6, 1, 0, 0], [1, 0, 0, 0]), '0 1 2')
  assert.equal(cropped([2, 3, 0], [4, 5, 0], [6, 0, 0]), '0 1\n2 3')
  assert.equal(cropped([2, 0], [3, 0]), '0\n1')
  assert.equal(cropped([1, 2], [2, 2]), '')
  assert.equal(cropped([2, 12], [3, 3]), '0\n1')
  assert.deepEqual(crop([0, 0, 0, 0], 2), { rows: 0, columns: 0, cells: new Uint8Array(0) })
})

test('cropping agrees with trying every rectangle', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 1, 2, 2, 2, 2, 5, 11), { minLength: 25, maxLength: 25 }), (tokens) => {
      let best = { rows: 0, columns: 0 }
      for (let rows = 1; rows <= 5; rows++)
        for (let columns = 1; columns <= 5; columns++) {
          const inside = tokens.filter((_, i) => Math.floor(i / 5) < rows && i % 5 < columns)
          if (inside.every((token) => token > 1) && rows * columns > best.rows * best.columns) best = { rows, columns }
        }
      const { rows, columns } = crop(tokens, 5)
      assert.deepEqual({ rows, columns }, best)
    }),
  )
})

test('a key is equal for equal grids only, and gives the grid back', () => {
  fc.assert(
    fc.property(anyGrid(), anyGrid(), (a, b) => {
      assert.deepEqual(gridOfKey(gridKey(a)), a)
      assert.equal(gridKey(a) === gridKey(b), drawGrid(a) === drawGrid(b))
    }),
  )
  const empty = { rows: 0, columns: 0, cells: new Uint8Array(0) }
  assert.deepEqual(gridOfKey(gridKey(empty)), empty)
})

test('boards are drawn with digits, ends and padding', () => {
  const board = new Uint8Array(25)
  encodeGrid(flatten([[0, 9]]), 5, 1, 1, board, 0)
  assert.equal(drawBoard(board, 5), '. . . .\n. 0 9 |\n. | | .')
  assert.equal(drawBoard([2, 77, 0, 0], 2), '0 ?')
  assert.equal(ARC_COLOURS.length, ARC_COLOUR_NAMES.length)
  assert.ok(ARC_COLOURS.every((colour) => /^#[0-9A-F]{6}$/.test(colour)))
})
