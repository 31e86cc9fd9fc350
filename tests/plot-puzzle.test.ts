import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, afterEach, test } from 'node:test'
import { exampleOf } from '../lib/data/example.js'
import { listedIdentifiers } from '../lib/data/identifiers.js'
import { UserError } from '../lib/errors.js'
import { escapeXml } from '../lib/escape/xml.js'
import { setHost } from '../lib/notebook/host.js'
import { saveFigure } from '../lib/notebook/outputs.js'
import { showPrediction, showPuzzle, showVersions } from '../lib/notebook/puzzle.js'
import { kaleidoFolder } from '../lib/plot/kaleido.js'
import { panelsPicture, predictionPicture, puzzlePicture, versionsPicture } from '../lib/plot/puzzle.js'
import { boardsOf, type Mark } from '../lib/plot/puzzle-board.js'
import { markLooks } from '../lib/plot/puzzle-marks.js'
import { onWhite } from '../lib/plot/puzzle-svg.js'
import { boardsText, legendText } from '../lib/plot/puzzle-text.js'
import { arc } from '../lib/tasks/arc/build.js'
import { ARC_COLOURS } from '../lib/tasks/arc/colours.js'
import { maze } from '../lib/tasks/maze/build.js'
import { drawMaze } from '../lib/tasks/maze/tokens.js'
import { sudoku } from '../lib/tasks/sudoku/build.js'
import { drawSudoku } from '../lib/tasks/sudoku/tokens.js'
import type { PuzzleSpec } from '../lib/tasks/task.js'
import fc from './fast-check.js'
import { fakeHost } from './notebook/fake-host.js'

const grids = await sudoku({ box: '2x3', train: 4, test: 3 })
const mazes = await maze({ size: 8, train: 3, test: 2, augment: 'dihedral' })
const tasks = await arc({ train: 4, test: 2, board: 12, augment: 5 })
const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-pictures-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Whether every element is closed where it should be; the pictures use no other XML than elements and text. */
function isWellFormed(svg: string): boolean {
  const open: string[] = []
  for (const [, close, name, , self] of svg.matchAll(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g)) {
    if (close) {
      if (open.pop() !== name) return false
    } else if (!self) open.push(name!)
  }
  const text = svg.replace(/<(\/?)([a-z]+)((?: [\w:-]+="[^"<]*")*)(\/?)>/g, '')
  return open.length === 0 && !/[<>]|&(?!#\d+;)/.test(text)
}

test('a puzzle and its answer are drawn as text with the rules of the task, side by side', () => {
  const { text } = puzzlePicture(grids, { split: 'test', example: 1 })
  const { input, label } = exampleOf(grids, { split: 'test', example: 1 })
  const [left, right] = [input, label].map((tokens) => drawSudoku(tokens, [2, 3]).split('\n'))
  assert.deepEqual(
    text.split('\n').slice(2),
    left!.map((line, i) => `${line}     ${right![i]}`),
  )
  assert.match(text, /^test example 1/)
  const maze = exampleOf(mazes)
  const [question, answer] = [maze.input, maze.label].map((tokens) => drawMaze(tokens, 8).split('\n'))
  assert.deepEqual(
    puzzlePicture(mazes).text.split('\n').slice(2),
    question!.map((line, i) => `${line}     ${answer![i]}`.trimEnd()),
  )
})

test('a picture is one well-formed SVG without scripts, links or ids, the same each time', () => {
  for (const picture of [puzzlePicture(grids), versionsPicture(mazes), versionsPicture(tasks, { count: 3 })]) {
    assert.match(picture.svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+" width="\d+"/)
    assert.ok(isWellFormed(picture.svg))
    assert.doesNotMatch(picture.svg, /script|href|url\(| id=/)
  }
  assert.equal(versionsPicture(tasks).svg, versionsPicture(tasks).svg)
})

test('ARC boards have the usual colours, and margins of padding that all share are left out', () => {
  const tokens = new Uint8Array(900)
  for (let colour = 0; colour < 10; colour++) tokens[30 * Math.floor(colour / 5) + (colour % 5)] = colour + 2
  const manifest: PuzzleSpec = { task: 'arc', seqLen: 900, options: {}, vocabSize: 12 }
  const { svg, text } = panelsPicture(manifest, [{ title: 'all', tokens }])
  for (const colour of ARC_COLOURS) assert.ok(svg.includes(`fill="${colour}"`), colour)
  assert.equal(text, 'all\n0 1 2 3 4\n5 6 7 8 9')
})

test('names from data are text and nothing else: markup, quotes, control characters, broken surrogates', () => {
  const hostile = '<script>alert(1)</script>"\'&\u0000\u001b[31m\ud800'
  const names = Array.from({ length: tasks.identifiers.count }, (_, i) => (i === 0 ? '<blank>' : hostile))
  const { svg, text } = versionsPicture({ ...tasks, identifiers: listedIdentifiers(names) })
  assert.ok(isWellFormed(svg))
  assert.doesNotMatch(svg, /<script/)
  assert.match(svg, /&#60;script&#62;alert/)
  assert.doesNotMatch(text, /[^\P{Cc}\n]/u)
})

test('escaped text has nothing that XML reads or forbids', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = escapeXml(text)
      return (
        !/[<>"']|&(?!#\d+;)/.test(escaped) && !/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(escaped)
      )
    }),
  )
})

test('wrong cells of a prediction are framed and counted; labels that do not count are never wrong', () => {
  const { label } = exampleOf(tasks, { split: 'test', example: 0 })
  const right = predictionPicture(tasks, { puzzle: 0, prediction: label.map((token) => (token === 0 ? 5 : token)) })
  assert.match(right.text, /prediction: right/)
  assert.doesNotMatch(right.svg, /#D55E00|>wrong</)
  const prediction = label.slice()
  const at = label.findIndex((token) => token > 1)
  prediction[at] = prediction[at] === 5 ? 6 : 5
  const wrong = predictionPicture(tasks, { puzzle: 0, prediction, haltProbability: 0.25 })
  assert.match(wrong.text, /1 of 144 cells wrong/)
  assert.match(wrong.text, /halting probability 0\.250/)
  assert.equal(wrong.svg.match(/stroke="#D55E00" [^>]*d="(M[^M"]+)"/)?.length, 2)
  assert.match(wrong.svg, />wrong</)
  assert.match(wrong.text, /\n! wrong, \* changed since the previous step$/)
})

test('a wrong cell is followed by !, a changed one by *, in colours too', () => {
  const tokens = exampleOf(grids, { split: 'test' }).label
  const marks: Mark[] = Array.from(tokens, (_, i) => (i === 0 ? 'wrong' : i === 5 ? 'changed' : 'none'))
  const boards = boardsOf(grids.manifest, [{ title: '', tokens, marks }])
  assert.match(boardsText(boards), /^\n\d!\d \d {2}\| \d \d \d\*\n(\d \d \d {2}\| \d \d \d\n)-------\+-------\n/)
  const coloured = boardsText(boards, { color: true })
  assert.ok(coloured.includes(`\u001b[38;2;255;255;255;48;2;179;74;0m${tokens[0]! - 1}!\u001b[0m`))
  assert.ok(coloured.includes(`\u001b[38;2;255;255;255;48;2;0;99;160m${tokens[5]! - 1}*\u001b[0m`))
  const bare = coloured.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
  assert.equal(bare.replaceAll(/[^\d]/g, ''), Array.from(tokens, (token) => token - 1).join(''))
})

test('a legend says what the marks are, with the same signs and colours', () => {
  const [sudokus, walls] = [grids, mazes].map(({ manifest, test }) => {
    const [board] = boardsOf(manifest, [{ title: '', tokens: test.inputs.subarray(0, manifest.seqLen) }])
    return board!
  })
  assert.equal(legendText(sudokus!), '! wrong, * changed since the previous step')
  const coloured = legendText(sudokus!, { color: true })
  assert.ok(coloured.includes('48;2;179;74;0m5!') && coloured.includes('48;2;0;99;160m5*'))
  assert.match(legendText(walls!, { color: true }), /><.* wrong .*··.* changed since the previous step$/)
})

/** A colour as people without green or red cones see it (Viénot, Brettel and Mollon, 1999), linear RGB. */
function seen(hex: string, by: 'deuteranope' | 'protanope'): number[] {
  const [r, g, b] = [1, 3, 5].map((at) => (Number.parseInt(hex.slice(at, at + 2), 16) / 255) ** 2.2) as [
    number,
    number,
    number,
  ]
  const rg = by === 'deuteranope' ? 0.29275 * r + 0.70725 * g : 0.11238 * r + 0.88762 * g
  const blue = by === 'deuteranope' ? -0.02234 * r + 0.02234 * g + b : 0.00401 * r - 0.00401 * g + b
  return [rg, rg, blue]
}

test('wrong and changed are told apart without red or green cones, and each on white', () => {
  const distance = (a: number[], b: number[]): number => Math.hypot(...a.map((value, i) => value - b[i]!))
  const { wrong, changed } = markLooks
  for (const by of ['deuteranope', 'protanope'] as const) {
    // A terminal's red and ochre of before were 0.01 apart without green cones.
    assert.ok(distance(seen(wrong.color, by), seen(changed.color, by)) > 0.4, by)
    assert.ok(distance(seen(wrong.fill, by), seen(changed.fill, by)) > 0.3, by)
    for (const { color } of [wrong, changed]) assert.ok(distance(seen(color, by), [1, 1, 1]) > 0.8, color)
  }
})

test('versions are those of training: of a seed, no more than there are, and stored ones where all are stored', () => {
  const titles = (text: string): string => text.split('\n')[1]!
  assert.match(titles(versionsPicture(mazes, { count: 20 }).text), /version 7 *$/)
  assert.match(titles(versionsPicture(grids, { count: 3 }).text), /^version 0 +version 1 +version 2$/)
  assert.notEqual(versionsPicture(grids, { seed: 1 }).svg, versionsPicture(grids, { seed: 2 }).svg)
  const stored = { ...grids, augment: null, train: { ...grids.train, groupStarts: Int32Array.of(0, 3, 4) } }
  assert.match(titles(versionsPicture(stored, { example: 1 }).text), /^example 1 +example 2$/)
  assert.match(titles(versionsPicture(tasks, { count: 2 }).text), /version 1: \S+\|\|\|t\d\|\|\|0\d{9}/)
})

test('tokens that only their numbers tell are drawn as numbers', () => {
  const manifest: PuzzleSpec = { task: 'tokens', seqLen: 5, options: {}, vocabSize: 40 }
  const { text, svg } = panelsPicture(manifest, [{ title: 'five', tokens: [0, 1, 9, 10, 39] }])
  assert.equal(text, 'five\n 0  1  9 10 39')
  assert.match(svg, />39</)
})

afterEach(() => setHost(null))

test('in a notebook pictures are SVG with text beside it', () => {
  const { sent } = fakeHost()
  showPuzzle(grids)
  showVersions(mazes)
  showPrediction(tasks, { puzzle: 1, prediction: exampleOf(tasks, { split: 'test', example: 1 }).label })
  assert.deepEqual(
    sent.map(({ bundle }) => Object.keys(bundle)),
    Array(3).fill(['image/svg+xml', 'text/plain']),
  )
  assert.match(String(sent[2]!.bundle['text/plain']), /prediction: right/)
  assert.throws(() => showPuzzle(grids, { example: 4 }), UserError)
})

test('a picture has no ground in a notebook, and is saved on white, as SVG and as PNG', async () => {
  process.env.RECURLAB_NOTEBOOK_OUT = folder
  const picture = puzzlePicture(mazes)
  const ground = /^<svg [^>]*>\s*<rect /
  assert.doesNotMatch(picture.svg, ground)
  assert.match(onWhite(picture.svg), ground)
  assert.equal(readFileSync(await saveFigure(picture, 'maze.svg'), 'utf8'), onWhite(picture.svg))
  const elsewhere = path.join(folder, 'elsewhere', 'maze.svg')
  assert.equal(readFileSync(await saveFigure(picture, elsewhere), 'utf8'), onWhite(picture.svg))
  assert.ok(existsSync(elsewhere))
  await assert.rejects(saveFigure(picture, 'maze.txt'), /ends in \.svg, \.pdf or \.png/)
  if (kaleidoFolder() === null) return
  const png = readFileSync(await saveFigure(picture, 'maze.png'))
  assert.equal(png.subarray(1, 4).toString(), 'PNG')
  assert.equal(png.readUInt32BE(16), 2 * Number(/width="(\d+)"/.exec(picture.svg)![1]))
})
