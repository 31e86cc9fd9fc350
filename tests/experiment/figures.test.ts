import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { outcomesTable } from '../../lib/evaluate/outcomes.js'
import { expandGrid, type Grid } from '../../lib/experiment/sweep/grid.js'
import { type FinishedRun, Runs, reportedSudoku } from '../../lib/index.js'
import type { Figure, Trace } from '../../lib/plot/figure.js'
import { createRun, type RunWriter } from '../../lib/results/run.js'
import { sudoku } from '../../lib/tasks/sudoku/build.js'
import { temporaryFolder } from '../results/fixture.js'

/** The runs of a sweep, without training them. */
function runsOf(grid: Grid, exact: (i: number) => number = (i) => 0.5 + i / 10): Runs {
  return new Runs(
    expandGrid({ hidden: 32 }, grid).map(
      ({ input, names }, i): FinishedRun => ({
        id: `run-${i}`,
        dir: '',
        config: parseConfig(input),
        parameters: 1e6 * (Math.floor(i / 2) + 1),
        names,
        evaluations: [1, 2].map((step) => evaluation(step, exact(i))),
        metrics: [],
      }),
    ),
  )
}

function evaluation(step: number, exact: number): FinishedRun['evaluations'][number] {
  return {
    step,
    'test.exact': exact,
    'test.cells': 0.9,
    'test.haltAccuracy': 1,
    'test.halted': 1,
    'test.rows': 3,
    supervisionSteps: 2,
    puzzles: 10,
    scored: 10,
    trainSeconds: 10 * step,
    trainMacs: 5e11 * step,
    evaluationSeconds: 2,
  }
}

const named = ({ data }: Figure, name: string): Trace => {
  const trace = data.find((each) => each.name === name)
  assert.ok(trace, `no ${name} among ${data.map((each) => each.name).join(', ')}`)
  return trace
}

const sweep = runsOf({ mixer: ['mlp', 'attention'], seed: [0, 1] })

test('runs.points places each label at its mean with its interval over seeds, against what the runs took', () => {
  const figure = sweep.points('test.exact', { x: 'macs' })
  const mlp = named(figure, 'mlp')
  assert.deepEqual([mlp.x, mlp.y], [[1e12], [55]])
  // t with one degree of freedom: 12.7062 · 7.0711 / √2.
  assert.ok(Math.abs((mlp.error_y as { array: number[] }).array[0]! - 63.531) < 1e-3)
  assert.deepEqual((figure.layout.xaxis as { type: string; title: object }).title, { text: 'training compute (MAC)' })
  assert.equal((figure.layout.xaxis as { type: string }).type, 'log')
  assert.equal((sweep.points('test.exact', { log: 'none' }).layout.xaxis as { type?: string }).type, undefined)
})

test('intervals over seeds and over the puzzles of single runs in one figure are both said', () => {
  const runs = new Runs(sweep.all.slice(0, 3))
  const text = '95 % interval, 2 seeds; of single runs over puzzles'
  assert.ok(named(runs.bars('test.exact'), `measured: mean, ${text}`))
  assert.match(runs.points('test.exact').caption(), new RegExp(`Error bars: ${text} \\(Student's t, Wilson\\)\\.`))
})

test('runs.points draws published numbers at their parameters, and refuses quantities that none has', () => {
  const figure = sweep.points('test.exact', { reported: { table: '4', task: 'Sudoku', method: 'TRM' } })
  const reported = figure.data.filter(({ meta }) => (meta as { kind?: string } | undefined)?.kind === 'reported')
  assert.ok(reported.length > 0)
  assert.match(figure.caption(), /Reported: .*2510\.04871/)
  assert.throws(
    () => sweep.points('test.exact', { x: 'macs', reported: {} }),
    /reported: expected x: 'parameters' or 'depth', which published numbers have, found x: 'macs'/,
  )
  assert.throws(() => sweep.points('test.exact', { x: 'joules' }), /x: 'joules': expected .*parameters.*, found none/)
  assert.throws(() => sweep.points('test.exact', { x: 'mac' as 'macs' }), /Did you mean macs\?/)
})

test('runs.points places live weights beside the EMA at their own evaluation, and training at the step of its value', () => {
  const { evaluations, ...run } = sweep.all[0]!
  const last = evaluations.at(-1)!
  const live = { ...last, weights: 'live' as const, supervisionSteps: 5 }
  const metrics = [
    { step: 1, 'train.loss': 0.5, trainMacs: 1e12 },
    { step: 2, 'train.loss': null, trainMacs: 2e12 },
  ]
  const both = new Runs([{ ...run, evaluations: [live, { ...last, weights: 'ema' as const }], metrics }])
  const figure = both.points('test.exact', { x: 'supervisionSteps' })
  assert.deepEqual([named(figure, 'trm').x, named(figure, 'trm, live weights').x], [[2], [5]])
  assert.deepEqual(named(both.points('train.loss', { x: 'macs' }), 'trm').x, [1e12])
})

test('a single run has the interval over its puzzles in bars and points, and no band in curves', () => {
  const one = new Runs(sweep.all.slice(0, 1))
  const bars = one.bars('test.exact', { trm: reportedSudoku.trm })
  const measured = named(bars, 'measured: mean, 95 % interval over puzzles')
  // Wilson's interval of 5 of 10: 23.66 % to 76.34 %.
  assert.ok(Math.abs((measured.error_y as { array: number[] }).array[0]! - 26.34) < 0.01)
  const point = named(one.points('test.exact'), 'trm')
  assert.deepEqual(point.error_y, { ...(measured.error_y as object), color: (point.error_y as Trace).color, width: 4 })
  assert.match(bars.caption(), /Reported: trm 87\.4 \(arXiv 2510\.04871.*\)\. Run run-0\./)
  assert.deepEqual(
    one.curves('test.exact').data.map(({ name }) => name),
    ['trm'],
  )
})

test('a metric that no run has is refused by every figure with the metrics that there are', () => {
  const draw: (() => unknown)[] = [
    () => sweep.curves('test.exat'),
    () => sweep.bars('test.exat'),
    () => sweep.points('test.exat'),
    () => sweep.paired('mlp', 'attention', 'test.exat'),
    () => sweep.grid('test.exat'),
    () => sweep.parallel('test.exat'),
  ]
  for (const each of draw) assert.throws(each, /test\.exat: expected one of .*test\.exact.*Did you mean test\.exact\?/)
})

test('runs.paired joins the seeds that two labels share', () => {
  const figure = sweep.paired('attention', 'mlp')
  const lines = figure.data.find(({ mode }) => mode === 'lines')
  assert.deepEqual(lines?.y, [70, 50, null, 80, 60, null])
  const { title } = figure.layout.xaxis as { title: { text: string } }
  assert.equal(title.text, 'difference 20.0 ± 0 points<br>95 % interval, 2 seeds')
  assert.match(
    figure.caption(),
    /^Exact accuracy \(%\) of attention and mlp by seed; difference 20\.0 ± 0 points \(95 % interval, 2 seeds\)\. Error bars: 95 % interval, 2 seeds \(Student's t\)\. Runs/,
  )
  assert.throws(
    () => sweep.paired('mpl', 'mlp'),
    /expected two labels of "mlp", "attention", found "mpl"\. Did you mean mlp/,
  )
  const apart = new Runs([sweep.all[0]!, sweep.all[3]!])
  assert.throws(() => apart.paired('mlp', 'attention'), /expected a seed with a value of both, found seeds 0 and 1/)
})

test('runs.grid prints the mean and interval of every pair of two varied keys', () => {
  const runs = runsOf({ layers: [4, 2], n: [2, 6], seed: [0, 1] }, (i) => (i + 1) / 10)
  const figure = runs.grid('test.exact')
  const [trace] = figure.data
  const axes = figure.layout as Record<'xaxis' | 'yaxis', { ticktext: string[]; title: { text: string } }>
  const [first, second] = [axes.xaxis, axes.yaxis].map(({ title }) => title.text)
  assert.deepEqual([first, second].sort(), ['layers', 'n'])
  assert.deepEqual(
    [axes.xaxis.ticktext, axes.yaxis.ticktext].map(([text]) => text),
    ['2', '2'],
    'numbers ascend',
  )
  assert.deepEqual((trace!.z as number[][]).flat().sort(), [15, 35, 55, 75])
  assert.match(JSON.stringify(trace!.text), /15<br>± 64/)
  assert.match(figure.caption(), new RegExp(`^Exact accuracy \\(%\\) by ${first} and ${second}\\. Runs`))
  const swapped = runs.grid('test.exact', { x: second!, y: first! })
  const z = trace!.z as number[][]
  assert.deepEqual(
    swapped.data[0]!.z,
    [0, 1].map((row) => [0, 1].map((column) => z[column]![row])),
  )
  assert.throws(() => sweep.grid(), /grid: expected runs that differ in two keys, found mixer\. With one key draw bars/)
  assert.throws(
    () => runsOf({ layers: [2, 4], n: [2, 6], mixer: ['mlp', 'attention'] }, (i) => i / 10).grid(),
    /found .*layers.*\. Choose the runs in which only two differ/,
  )
})

test('runs.parallel has an axis for each varied key and one for the metric, a line per run', () => {
  const figure = sweep.parallel()
  assert.deepEqual((figure.layout.xaxis as { ticktext: string[] }).ticktext, ['mixer', 'exact<br>accuracy<br>(%)'])
  const ends = figure.data
    .filter(({ mode }) => mode === 'lines+markers')
    .flatMap(({ y }) => (y as (number | null)[]).filter((_, i) => i % 3 === 1))
  assert.equal(ends.length, 4)
  assert.throws(
    () => new Runs(sweep.all.slice(0, 2)).parallel(),
    /expected runs that differ in a key .*, found runs that/,
  )
})

const folder = temporaryFolder()
const data = await sudoku({ box: '2x3', train: 4, test: 20 })

/** A stored run with outcomes: of puzzles whose rating is below the limit all cells are right. */
function storedOutcomes(seed: number, ratings: Float64Array, limit: number): FinishedRun {
  const rated = { ...data, test: { ...data.test, ratings } }
  const { seqLen, labels, inputs } = data.test
  const writer: RunWriter = createRun({
    resultsDir: folder,
    config: { preset: 'sudoku-pocket', seed },
    provenance: { seed },
  })
  const outcomes = Array.from(ratings, (rating, puzzle) => {
    const exact = rating < limit
    const prediction = labels.slice(puzzle * seqLen, (puzzle + 1) * seqLen)
    const at = inputs.subarray(puzzle * seqLen, (puzzle + 1) * seqLen).indexOf(1)
    if (!exact) prediction[at] = prediction[at] === 7 ? 2 : 7
    const shared = { version: 0, identifier: 0, supervisionSteps: 2, haltProbability: 0.5, criteria: { valid: exact } }
    return { puzzle, ...shared, cells: exact ? 1 : 35 / 36, exact, prediction }
  })
  writer.writeOutcomes(outcomesTable(outcomes, rated, 'test'))
  writer.finish('finished')
  const { id, dir } = writer
  return { ...sweep.all[0]!, id, dir, config: parseConfig({ hidden: 32, seed }) }
}

const ratings = Float64Array.from({ length: 20 }, (_, i) => i)

test('runs.byRating bins puzzles by rating, with intervals over puzzles for one run and over seeds for several', () => {
  const [one, other] = [storedOutcomes(0, ratings, 10), storedOutcomes(1, ratings, 12)]
  const single = new Runs([one]).byRating('test.exact', { bins: [0, 5, 9] })
  const trace = named(single, 'trm')
  const share = (100 * 1) / 11
  assert.deepEqual(trace.y, [100, 100, share])
  assert.deepEqual((single.layout.xaxis as { ticktext: string[] }).ticktext, ['0–4', '5–8', '≥ 9'])
  assert.match(JSON.stringify(single.data), /95 % interval over puzzles/)
  const both = new Runs([one, other]).byRating('test.exact', { bins: [0, 5, 9] })
  assert.deepEqual(named(both, 'trm').y, [100, 100, (share + 300 / 11) / 2])
  assert.match(JSON.stringify(both.data), /95 % interval, 2 seeds/)
  assert.equal((new Runs([one]).byRating().layout.xaxis as { ticktext: string[] }).ticktext.length, 5)
  assert.throws(() => new Runs([one]).byRating('test.cells'), /a metric of single puzzles: test\.exact, test\.valid/)
  assert.throws(() => new Runs([one]).byRating('test.exact', { bins: [5, 5] }), /bins: expected ascending lower ends/)
})

test('runs.byRating draws runs on a large test set', () => {
  const run = storedOutcomes(
    0,
    Float64Array.from({ length: 15_000 }, (_, i) => i % 50),
    25,
  )
  const figure = new Runs(new Array<FinishedRun>(10).fill(run)).byRating()
  assert.deepEqual(named(figure, 'trm').y, [100, 100, 50, 0, 0])
})

test('puzzles without ratings, runs without outcomes and other data are refused', () => {
  const unrated = new Runs([storedOutcomes(0, new Float64Array(20), 10)])
  assert.throws(
    () => unrated.byRating(),
    /byRating: expected outcomes of puzzles with ratings, found 20 outcomes without/,
  )
  const few = { ...data, test: { ...data.test, count: 3 } }
  assert.throws(
    () => unrated.confusion(few),
    /predictions for the data set's 3 test puzzles of 36 tokens, found puzzle 3/,
  )
  assert.throws(() => sweep.confusion(data), /confusion: expected of: one of "mlp", "attention", found none/)
})

test('runs.confusion adds up the cells of all seeds, and runs.puzzles shows solved and failed ones', () => {
  const runs = new Runs([storedOutcomes(0, ratings, 10), storedOutcomes(1, ratings, 12)])
  const figure = runs.confusion(data)
  assert.match(JSON.stringify(figure.data[0]!.hovertext), /of \d+ cells/)
  assert.match(figure.caption(), /Runs .* and /)
  const picture = runs.puzzles(data, { solved: 2, failed: 2 })
  assert.match(picture.text, /^10 of 20 puzzles solved/)
  assert.match(picture.svg, />wrong</)
})
