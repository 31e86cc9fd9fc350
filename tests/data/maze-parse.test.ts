import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UserError } from '../../lib/errors.js'
import { Random } from '../../lib/random.js'
import { readPublished } from '../../lib/storage/published/read.js'
import { createMazeSource } from '../../lib/tasks/maze/generate.js'
import { parseMaze } from '../../lib/tasks/maze/parse.js'
import { isShortestPath, solveMaze } from '../../lib/tasks/maze/solve.js'
import { drawMaze, FREE, PATH, WALL } from '../../lib/tasks/maze/tokens.js'
import fc from '../fast-check.js'
import { sharedPath } from '../shared.js'

const real = sharedPath('data/maze-30x30-hard-1k')

test('all 2,000 labels of the real Maze-Hard are shortest paths, and the very ones that solveMaze marks', (t) => {
  if (real === null) return t.skip('no shared/data/maze-30x30-hard-1k')
  const { train, test: held } = readPublished(real)
  for (const split of [train, held]) {
    assert.equal(split.count, 1000)
    for (let at = 0; at < split.inputs.length; at += 900) {
      const [input, label] = [split.inputs.subarray(at, at + 900), split.labels.subarray(at, at + 900)]
      assert.ok(isShortestPath(input, label, 30), `${split.name} ${at / 900}`)
      assert.deepEqual(solveMaze(input, 30)?.label, label)
    }
  }
})

const maze = ['#####', '#S  #', '# # #', '#  G#', '#####']

test('a maze is read from lines or from one line, whatever the line ends, with spaces cut off at the ends of rows', () => {
  const { input, size } = parseMaze(`${maze.join('\n')}\n`, 'a maze')
  assert.equal(size, 5)
  assert.equal(drawMaze(input, 5), maze.join('\n'))
  for (const text of [maze.join(''), `${maze.join('')}\n`, `\ufeff${maze.join('\r\n')}\r\n\r\n`])
    assert.deepEqual(parseMaze(text, 'a maze').input, input)
  const cut = ['S', '####', '', '   ##', '    G']
  assert.equal(
    drawMaze(parseMaze(cut.join('\n'), 'cut').input, 5),
    ['S    ', '#### ', '     ', '   ##', '    G'].join('\n'),
  )
})

test('of several shortest paths the one is marked that goes down before left before right before up', () => {
  assert.equal(
    drawMaze(solveMaze(parseMaze(maze.join('\n'), 'a maze').input, 5)!.label, 5),
    '#####\n#S  #\n#o# #\n#ooG#\n#####',
  )
})

const bad: [string, string, RegExp][] = [
  ['nothing', '', /a maze: expected a square of # .* found one line of 0 characters/],
  ['a line that is no square', maze.join('').slice(1), /found one line of 24 characters/],
  ['too small a maze', 'S \n G', /5 to 64 cells wide.*found 2 lines/],
  [
    'a line that is too long',
    [...maze.slice(0, 4), '######'].join('\n'),
    /a maze, line 5: .*found 6 characters in one of 5 lines/,
  ],
  [
    'another character',
    maze.join('\n').replace(' ', 'x'),
    /expected #, space, S, G in question at character 8, found "x"/,
  ],
  ['a path already marked', maze.join('\n').replace(' ', 'o'), /at character 8, found "o"/],
  ['small letters', maze.join('\n').replace('S', 's'), /found "s"/],
  [
    'two S',
    maze.join('\n').replace(' ', 'S'),
    /expected one S in question, found 2 \(row 2, column 2; row 2, column 3\)/,
  ],
  ['no G', maze.join('\n').replace('G', ' '), /expected one G in question, found none/],
  ['no way', '#####\n#S###\n#####\n###G#\n#####', /expected a path from S to G, found none/],
]
for (const [what, text, message] of bad)
  test(`${what} is refused as a maze`, () => {
    assert.throws(
      () => parseMaze(text, 'a maze'),
      (error: unknown) => {
        assert.ok(error instanceof UserError, String(error))
        assert.match(error.message, message)
        return true
      },
    )
  })

const drawn = fc.record({ size: fc.integer({ min: 5, max: 12 }), seed: fc.nat() }).map(({ size, seed }) => {
  const draw = createMazeSource(size, 4, [0.1, 0.5])
  const random = Random.of(seed, 'maze test')
  for (;;) {
    const found = draw(random)
    if (found) return { size, ...found }
  }
})

test('a label is a shortest path only as it is: not with a cell less, a cell more, or a wall changed', () => {
  fc.assert(
    fc.property(drawn, fc.nat(), ({ size, input, label }, pick) => {
      assert.ok(isShortestPath(input, label, size))
      const changed = (from: number, to: number): Uint8Array | null => {
        const cells = [...label.keys()].filter((cell) => label[cell] === from)
        if (cells.length === 0) return null
        const other = label.slice()
        other[cells[pick % cells.length]!] = to
        return other
      }
      for (const wrong of [changed(PATH, FREE), changed(FREE, PATH), changed(WALL, FREE), changed(WALL, PATH)])
        if (wrong) assert.equal(isShortestPath(input, wrong, size), false)
      assert.deepEqual(parseMaze(drawMaze(input, size), 'drawn').input, input)
    }),
    { numRuns: 50 },
  )
})
