import assert from 'node:assert/strict'
import { test } from 'node:test'
import { escapeLabel } from '../lib/escape/plotly.js'
import { binned } from '../lib/plot/binned.js'
import { confusion, confusionOf } from '../lib/plot/confusion.js'
import { differences } from '../lib/plot/differences.js'
import type { Figure, Trace } from '../lib/plot/figure.js'
import { heatmap } from '../lib/plot/heatmap.js'
import { logAxis, siText } from '../lib/plot/log-axis.js'
import { paired } from '../lib/plot/paired.js'
import { parallel } from '../lib/plot/parallel.js'
import { points } from '../lib/plot/points.js'
import { galleryPicture } from '../lib/plot/puzzle.js'
import { wilson } from '../lib/statistics/estimate.js'
import { sudoku } from '../lib/tasks/sudoku/build.js'

interface Ends {
  readonly array: readonly (number | null)[]
  readonly arrayminus: readonly (number | null)[]
}

const close = (a: unknown, b: number, tolerance = 1e-3): void =>
  assert.ok(Math.abs(Number(a) - b) < tolerance, `${a} is not ${b}`)

const named = ({ data }: Figure, name: string): Trace => {
  const trace = data.find((each) => each.name === name)
  assert.ok(trace, `no ${name} among ${data.map((each) => each.name).join(', ')}`)
  return trace
}

/** The names in the legend. */
const legend = ({ data }: Figure): unknown[] =>
  data.filter(({ name, showlegend }) => name !== undefined && showlegend !== false).map(({ name }) => name)

const seeds = (x: number, ...ys: number[]) => ys.map((y) => ({ x, y }))

test('points are at the mean of the seeds with the ends of the 95 % interval, and differ in colour and marker', () => {
  const figure = points([
    { name: 'small', points: seeds(10, 60, 90, 90) },
    { name: 'large', points: seeds(1000, 70) },
  ])
  const [small, large] = [named(figure, 'small'), named(figure, 'large')]
  assert.deepEqual([small.x, small.y, large.x, large.y], [[10], [80], [1000], [70]])
  close((small.error_y as Ends).array[0], 43.0265)
  assert.deepEqual((large.error_y as Ends).array, [null])
  assert.equal(small.error_x, undefined)
  assert.notDeepEqual(small.marker, large.marker)
  assert.deepEqual(legend(figure), ['small', 'large', '95 % interval, 1 to 3 seeds'])
  assert.equal(figure.caption(), "Error bars: 95 % interval, 1 to 3 seeds (Student's t).")
})

test('points whose seeds differ along the horizontal axis have an interval there too; NaN is left out', () => {
  const figure = points([
    {
      name: 'a',
      points: [
        { x: 1, y: 2 },
        { x: 3, y: 2 },
        { x: Number.NaN, y: 9 },
      ],
    },
    { name: 'nothing', points: [{ x: 1, y: Number.NaN }] },
  ])
  const a = named(figure, 'a')
  assert.deepEqual([a.x, a.y], [[2], [2]])
  close((a.error_x as Ends).array[0], 12.7062)
  assert.deepEqual((a.error_y as Ends).array, [0])
  assert.equal(figure.data.length, 2)
  assert.throws(() => points([{ name: 'a', points: [{ x: Number.NaN, y: 1 }] }]), /points: expected at least one point/)
})

test('published numbers are open grey markers with their source in hover text, trace and caption', () => {
  const figure = points([{ name: 'ours', points: seeds(5e6, 80) }], {
    reported: [{ name: 'TRM', x: 7e6, value: 87.4, source: 'arXiv 2510.04871, Table 4' }],
  })
  const reported = named(figure, 'reported: TRM')
  assert.deepEqual([reported.x, reported.y], [[7e6], [87.4]])
  assert.match(String((reported.marker as { symbol: unknown }).symbol), /-open$/)
  assert.deepEqual(reported.hovertext, ['TRM: 87.4, reported in arXiv 2510.04871, Table 4'])
  assert.deepEqual(reported.meta, { kind: 'reported', source: 'arXiv 2510.04871, Table 4' })
  assert.match(JSON.stringify(figure.layout.meta), /TRM 87\.4 \(arXiv 2510\.04871, Table 4\)/)
})

test('of five hundred points the best five are named, and the others are one grey trace', () => {
  const many = Array.from({ length: 500 }, (_, i) => ({ name: `lr ${i}`, points: seeds(i + 1, i % 100) }))
  const figure = points(many)
  assert.equal(figure.data.length, 6)
  assert.equal((named(figure, '495 more (names on hover)').x as number[]).length, 495)
  assert.deepEqual(legend(figure).slice(1, 3), ['lr 99', 'lr 199'])
  const grey = figure.data[0]!
  assert.match(String((grey.hovertext as string[])[7]), /^lr 7: /)
})

test('the labels of a logarithmic axis have SI prefixes and lie inside its limits, whatever the span', () => {
  const text = (...values: number[]): unknown => logAxis(values).ticktext
  assert.deepEqual(text(1e6, 7e7), ['1M', '2M', '5M', '10M', '20M', '50M'])
  assert.deepEqual(text(1, 1e5), ['1', '10', '100', '1k', '10k', '100k'])
  assert.deepEqual(text(400, 490), ['400', '450', '500'])
  for (const [low, high] of [
    [1, 1],
    [3e12, 4e12],
    [1e-5, 1e9],
    [0.02, 30],
  ] as const) {
    const { tickvals, range } = logAxis([low, high]) as { tickvals: number[]; range: [number, number] }
    assert.ok(tickvals.length >= 2 && tickvals.length <= 8, `${low} to ${high}: ${tickvals}`)
    assert.ok(tickvals.every((tick) => Math.log10(tick) >= range[0] && Math.log10(tick) <= range[1]))
  }
  assert.deepEqual([1500, 0.02, 1e-5, 2e15, 999999].map(siText), ['1.5k', '0.02', '1e-5', '2P', '1000k'])
  assert.throws(() => points([{ name: 'a', points: seeds(0, 1) }], { log: 'x' }), /points, x: expected positive values/)
})

test('paired dots are joined seed by seed, and the difference of the arms is below them', () => {
  const pairs = [
    { seed: 0, a: 90, b: 10 },
    { seed: 1, a: 94, b: 12 },
    { seed: 2, a: 92, b: 8 },
    { seed: 3, a: Number.NaN, b: 8 },
  ]
  const figure = paired(pairs, ['mlp', 'attention'], { unit: 'points', names: { attention: 'self-attention' } })
  const lines = figure.data.find(({ mode }) => mode === 'lines')
  assert.deepEqual(lines?.x, [0, 1, null, 0, 1, null, 0, 1, null])
  assert.deepEqual(lines?.y, [90, 10, null, 94, 12, null, 92, 8, null])
  const axis = figure.layout.xaxis as { ticktext: string[]; title: { text: string } }
  // t with two degrees of freedom: 4.3027 · 2 / √3 for arms and differences alike.
  assert.deepEqual(axis.ticktext, ['mlp<br><b>92.0 ± 5.0</b>', 'self-attention<br><b>10.0 ± 5.0</b>'])
  assert.equal(axis.title.text, 'difference 82.0 ± 5.0 points<br>95 % interval, 3 seeds')
  assert.throws(() => paired([], ['a', 'b']), /paired: expected at least one pair/)
  const one = paired(pairs.slice(0, 1), ['a', 'b']).layout.xaxis as typeof axis
  assert.equal(one.title.text, 'difference 80.0<br>1 seed')
})

test('estimates by bin have their interval, and an empty bin is a gap', () => {
  const of = (k: number) => {
    const { value, low, high, ...rest } = wilson(k, 10)
    return { ...rest, value: 100 * value, low: 100 * low!, high: 100 * high! }
  }
  const figure = binned(
    ['0', '1–9', '≥ 10'],
    [
      { name: 'mlp', estimates: [of(10), null, of(5)] },
      { name: 'attention', estimates: [of(4), of(0), of(1)] },
    ],
  )
  const mlp = named(figure, 'mlp')
  assert.deepEqual(mlp.y, [100, null, 50])
  // Wilson's interval of 5 of 10: 23.66 % to 76.34 %.
  close((mlp.error_y as Ends).array[2], 26.34, 0.01)
  close((mlp.error_y as Ends).arrayminus[2], 26.34, 0.01)
  assert.deepEqual((mlp.error_y as Ends).array.slice(0, 2), [0, null])
  assert.deepEqual(legend(figure), ['mlp', 'attention', '95 % interval over puzzles'])
  assert.equal(figure.caption(), 'Error bars: 95 % interval over puzzles (Wilson).')
  assert.deepEqual((figure.layout.xaxis as { ticktext: string[] }).ticktext, ['0', '1–9', '≥ 10'])
  assert.throws(() => binned([], []), /binned: expected at least one bin/)
})

test('a heat map prints its values, leaves a gap where none is known, and none where they would be too many', () => {
  const cells = { rows: ['1', '2'], columns: ['a', 'a'] }
  const figure = heatmap({
    ...cells,
    values: [
      [1, Number.NaN],
      [3, 4],
    ],
    texts: [
      ['1.0 ± 0.5', ''],
      ['3', '4'],
    ],
  })
  const [trace] = figure.data
  assert.deepEqual([trace!.zmin, trace!.zmax], [1, 4])
  assert.deepEqual(trace!.text, [
    ['1.0<br>± 0.5', ''],
    ['3', '4'],
  ])
  assert.deepEqual(trace!.x, [0, 1], 'equal names are columns of their own')
  const big = Array.from({ length: 15 }, (_, i) => String(i))
  const values = big.map(() => big.map(() => 7))
  const plain = heatmap({ rows: big, columns: big, values, texts: values.map((row) => row.map(String)) }).data[0]!
  assert.equal(plain.text, undefined)
  assert.deepEqual([plain.zmin, plain.zmax], [6, 8], 'equal values have the middle colour')
  assert.throws(() => heatmap({ ...cells, values: [[1, 2]] }), /heatmap: expected 2 rows of 2 values, found 1 rows/)
  assert.throws(
    () =>
      heatmap({
        ...cells,
        values: [
          [null, null],
          [null, Number.NaN],
        ],
      }),
    /at least one finite value/,
  )
})

test('parallel coordinates place every run on each axis, larger metrics darker and above the others', () => {
  const figure = parallel(
    [
      { name: 'mixer', values: ['mlp', 'attention', 'mlp'] },
      { name: 'lr', values: [1e-4, 1e-3, 1e-2] },
      { name: 'exact accuracy (%)', values: [0, 100, null] },
    ],
    { labels: ['a', 'b', 'c'] },
  )
  const lines = figure.data.filter(({ mode }) => mode === 'lines+markers')
  assert.deepEqual(
    lines.map(({ y }) => (y as (number | null)[]).slice(0, 3)),
    [
      [0, 1, null],
      [0, 0, 0],
      [1, 0.5, 1],
    ],
  )
  const lightness = lines.map(({ line }) => Number.parseInt((line as { color: string }).color.slice(1, 3), 16))
  assert.ok(lightness[0]! > lightness[1]! && lightness[1]! > lightness[2]!)
  assert.match(String((lines[2]!.hovertext as string[])[0]), /^b<br>mixer: attention<br>lr: 0\.00100<br>exact/)
  assert.throws(() => parallel([{ name: 'lr', values: [1] }]), /parallel: expected two axes or more/)
  assert.throws(
    () =>
      parallel([
        { name: 'lr', values: [Number.NaN] },
        { name: 'm', values: [1] },
      ]),
    /parallel, lr: expected at least one value/,
  )
  const many = Array.from({ length: 500 }, (_, i) => i)
  const big = parallel([
    { name: 'lr', values: many },
    { name: 'm', values: many },
  ])
  assert.ok(big.data.length < 12, 'a trace per colour, not per run')
})

const data = await sudoku({ box: '2x3', train: 4, test: 8 })
const { seqLen, inputs, labels } = data.test
const answer = (puzzle: number): Uint8Array => labels.slice(puzzle * seqLen, (puzzle + 1) * seqLen)
const blankAt = (puzzle: number): number => inputs.subarray(puzzle * seqLen, (puzzle + 1) * seqLen).indexOf(1)
/** A prediction with one wrong cell: the first blank one, as the next digit. */
function wrongAnswer(puzzle: number): Uint8Array {
  const prediction = answer(puzzle)
  const at = blankAt(puzzle)
  prediction[at] = prediction[at] === 7 ? 2 : prediction[at]! + 1
  return prediction
}

test('the confusion of cells counts those that the puzzle leaves blank, of stored puzzles alone', () => {
  const predictions = [
    { puzzle: 0, version: 0, prediction: wrongAnswer(0) },
    { puzzle: 1, version: 0, prediction: answer(1) },
    { puzzle: 1, version: 1, prediction: wrongAnswer(1) },
  ]
  const { tokens, counts } = confusionOf(data, predictions)
  const blanks = [0, 1].flatMap((puzzle) => [...inputs.subarray(puzzle * seqLen, (puzzle + 1) * seqLen)])
  assert.equal(
    counts.flat().reduce((a, b) => a + b, 0),
    blanks.filter((token) => token === 1).length,
  )
  const right = answer(0)[blankAt(0)]!
  assert.equal(counts[right]![right === 7 ? 2 : right + 1], 1)
  assert.deepEqual(tokens.slice(2), ['1', '2', '3', '4', '5', '6'])
  const figure = confusion({ tokens, counts })
  const trace = figure.data[0]!
  const sum = (row: readonly (number | null)[]): number => row.reduce<number>((total, value) => total + (value ?? 0), 0)
  for (const row of trace.z as number[][]) close(sum(row), 100)
  assert.equal((trace.z as number[][]).length, 6)
  assert.match(JSON.stringify(trace.hovertext), /right \d, predicted \d: \d+ % \(1 of \d+ cells\)/)
  assert.throws(() => confusion(confusionOf(data, [])), /confusion: expected cells with a right token, found none/)
})

test('a gallery has a row of solved puzzles and a row of failed ones with their wrong cells framed', () => {
  const outcomes = Array.from({ length: 8 }, (_, puzzle) => ({
    puzzle,
    version: 0,
    prediction: puzzle % 2 === 0 ? answer(puzzle) : wrongAnswer(puzzle),
  }))
  const { text, svg } = galleryPicture(data, outcomes, { solved: 2, failed: 2 })
  assert.match(text, /^4 of 8 puzzles solved\n/)
  assert.match(text, /solved: test 2.*solved: test 6/)
  assert.match(text, /failed: test 3.*1 of 36 cells wrong.*failed: test 7/)
  assert.equal((svg.match(/stroke="#D55E00"/g) ?? []).length, 3, 'two boards and the legend')
  assert.throws(
    () => galleryPicture(data, [], {}),
    /puzzles: expected outcomes of puzzles with known answers, found none/,
  )
  assert.throws(() => galleryPicture(data, outcomes, { solved: 1.5 }), /solved: expected a whole number/)
})

test('names with HTML or LaTeX are text in every kind of figure', () => {
  const hostile = '<b>$\\alpha$</b> & "x"'
  const escaped = escapeLabel(hostile)
  assert.doesNotMatch(escaped, /[<>$]/)
  const estimate = wilson(1, 2)
  const figures = [
    points([{ name: hostile, points: seeds(1, 1) }], {
      reported: [{ name: hostile, x: 1, value: 1, source: hostile }],
    }),
    paired([{ seed: 0, a: 1, b: 2 }], [hostile, hostile]),
    binned([hostile], [{ name: hostile, estimates: [estimate] }]),
    heatmap({ rows: [hostile], columns: [hostile], values: [[1]], texts: [[hostile]], hovers: [[hostile]] }),
    parallel([
      { name: hostile, values: [hostile, 'b'] },
      { name: hostile, values: [1, 2] },
    ]),
  ]
  for (const figure of figures) {
    const { meta: _, ...layout } = figure.layout
    const drawn = { layout, data: figure.data.map(({ meta: _, ...trace }) => trace) }
    assert.doesNotMatch(JSON.stringify(drawn), /<b>\$|\$\\\\alpha/)
  }
})

test('differences have a line each, their intervals, and the published number beside them, whose value is in the caption', () => {
  const figure = differences([
    {
      name: 'no EMA',
      reported: { value: -7.5, source: 'arXiv 2510.04871, table 1' },
      measured: { pocket: { value: -7.4, low: -10.1, high: -4.7 } },
    },
    {
      name: 'Table 4, Sudoku-Extreme: direct prediction',
      measured: { pocket: { value: 30, low: null, high: null }, lab: { value: -3, low: -5, high: -1 } },
    },
  ])
  const [pocket, lab, reported] = figure.data
  assert.deepEqual([pocket!.x, lab!.x, reported!.x], [[-7.4, 30], [-3], [-7.5]])
  const { array, arrayminus } = pocket!.error_x as Ends
  assert.deepEqual(
    [array.map(rounded), arrayminus.map(rounded)],
    [
      [2.7, null],
      [2.7, null],
    ],
  )
  const { ticktext } = figure.layout.yaxis as { ticktext: string[] }
  assert.deepEqual(
    ticktext.map((text) => text.replaceAll('\u00a0', '')),
    ['no EMA', 'Table 4, Sudoku-Extreme:<br>direct prediction'],
  )
  assert.match(figure.caption(), /no EMA -7\.5 \(arXiv 2510\.04871, table 1\)/)
  const first = { name: 'HRM', measured: { lab: { value: 1, low: 0, high: 2 } } }
  const second = { name: 'TRM', measured: { pocket: { value: 3, low: 2, high: 4 } } }
  const ordered = differences([first, second], { series: ['pocket', 'lab', 'paper'] })
  assert.deepEqual(
    ordered.data.map(({ name }) => name),
    ['pocket', 'lab'],
    'a series keeps its place in the legend, and its colour, whatever the first row has',
  )
  assert.throws(() => differences([]), /expected at least one row/)
  const bad = { value: Number.NaN, low: null, high: null }
  assert.throws(
    () => differences([{ name: 'x', measured: { pocket: bad } }]),
    /x, pocket: expected a finite difference/,
  )
})

function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(1000 * value) / 1000
}
