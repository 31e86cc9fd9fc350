import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConfig } from '../../lib/config/parse.js'
import { expandGrid, type Grid } from '../../lib/experiment/sweep/grid.js'
import { arm, type FinishedRun, Runs } from '../../lib/index.js'
import { bundleOf } from '../../lib/notebook/bundle.js'

type Evaluation = FinishedRun['evaluations'][number]

/** An evaluation of 300 puzzles of 16 cells. */
function evaluation(step: number, exact: number, changes: Partial<Evaluation> = {}): Evaluation {
  return {
    step,
    'test.exact': exact,
    'test.cells': 0.9,
    'test.haltAccuracy': 1,
    'test.halted': 1,
    'test.rows': 3 + exact,
    supervisionSteps: 2,
    puzzles: 300,
    scored: 300,
    scoredCells: 4800,
    rightCells: 4320,
    trainSeconds: step,
    evaluationSeconds: 2,
    ...changes,
  }
}

/** Runs of a grid without training them; `exact` gives each its accuracies at steps 1, 2, … */
function runsOf(grid: Grid, exact: (i: number) => readonly number[]): FinishedRun[] {
  return expandGrid({ hidden: 32 }, grid).map(({ input, names }, i) => ({
    id: `run-${i}`,
    dir: '',
    config: parseConfig(input),
    parameters: 10,
    names,
    ended: 'trainSteps',
    evaluations: exact(i).map((value, step) => evaluation(step + 1, value)),
    metrics: [{ step: 1, 'train.loss': 2 + i }],
  }))
}

const near = (actual: number | null | undefined, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual! - expected) <= tolerance, `${actual} for ${expected}`)

/** Two mixers on three seeds, with the accuracies of notebook 01's MLP. */
const mixers = (): Runs => {
  const last = [0.977, 0.943, 0.977, 0, 0.01, 0.02]
  return new Runs(runsOf({ mixer: ['mlp', 'attention'], seed: [0, 1, 2] }, (i) => [i === 1 ? 0.95 : 0, last[i]!]))
}

test("a summary has one row per configuration with mean, SD and scipy's t interval in percent, and the best apart", () => {
  const [mlp, attention, ...more] = mixers().summary().rows
  assert.equal(more.length, 0)
  assert.deepEqual([mlp!.label, mlp!.varied, mlp!.n, mlp!.seeds], ['mlp', { mixer: 'mlp' }, 3, [0, 1, 2]])
  // scipy 1.17.1: stats.t.interval(0.95, 2, mean, stats.sem([97.7, 94.3, 97.7]))
  near(mlp!.last!.value, 96.56666666666666)
  near(mlp!.last!.sd, 1.962990915244725)
  near(mlp!.last!.low, 91.69032690628393)
  near(mlp!.last!.high, 101.4430064270494)
  near(mlp!.best!.value, (97.7 + 95 + 97.7) / 3)
  assert.deepEqual(mlp!.steps, { last: [2, 2, 2], best: [2, 1, 2] })
  assert.deepEqual(mlp!.counted, { count: 869, of: 900, unit: 'puzzles' })
  near(attention!.last!.value, 1)
})

test('a summary is shown as a table with ± and the same numbers in its rows', () => {
  const summary = mixers().summary()
  assert.deepEqual(summary.table()[0], {
    mixer: 'mlp',
    seeds: 3,
    'exact accuracy (%)': '96.6 ± 4.9',
    SD: '2.0',
    '95 % interval': '91.7 to 101.4',
    method: 't, 3 seeds',
    'best checkpoint (%)': '96.8 ± 3.9',
    correct: 869,
    puzzles: 900,
  })
  const { 'text/html': html, 'text/plain': text } = bundleOf(summary)
  for (const form of [html, text]) assert.match(String(form), /96\.6 ± 4\.9[\s\S]*chosen on the test puzzles/)
  assert.match(summary.notes.join('\n'), /mlp: the interval passes the end of the scale/)
})

test('a bootstrap over seeds stays inside the range of the values and depends on its seed only', () => {
  const [mlp] = mixers().summary('test.exact', { interval: 'bootstrap', seed: 3 }).rows
  assert.equal(mlp!.last!.method, 'bootstrap')
  assert.ok(mlp!.last!.low! >= 94.3 && mlp!.last!.high! <= 97.7)
  assert.deepEqual(mlp, mixers().summary('test.exact', { interval: 'bootstrap', seed: 3 }).rows[0])
})

test("a single run has Wilson's interval over its puzzles, without SD", () => {
  const [row] = new Runs(runsOf({ seed: [0] }, () => [0.87])).summary().rows
  // scipy 1.17.1: stats.binomtest(261, 300).proportion_ci(method="wilson")
  assert.deepEqual([row!.n, row!.last!.n, row!.last!.sd, row!.last!.method], [1, 300, null, 'wilson'])
  near(row!.last!.low, 82.72195707065882)
  near(row!.last!.high, 90.34246305872476)
  assert.deepEqual(row!.varied, { model: 'trm' })
})

test('a metric that is no share has values in its own unit, and no interval for a single run', () => {
  const [row] = new Runs(runsOf({ seed: [0] }, () => [0.5])).summary('test.rows').rows
  assert.deepEqual([row!.last!.value, row!.last!.low, row!.counted], [3.5, null, null])
  const [loss] = new Runs(runsOf({ seed: [0, 1] }, () => [0.5])).summary('train.loss').rows
  assert.deepEqual([loss!.values, loss!.last!.value], [[2, 3], 2.5])
})

test('cell accuracy is counted in cells, which are not independent and give no interval by themselves', () => {
  const [row] = new Runs(runsOf({ seed: [0] }, () => [0.5])).summary('test.cells').rows
  assert.deepEqual([row!.counted, row!.last!.low], [{ count: 4320, of: 4800, unit: 'cells' }, null])
})

test('a metric that no run has is refused with the nearest one', () => {
  assert.throws(
    () => mixers().summary('test.exat'),
    /metric test\.exat: expected one of test\.exact, .*found no run that has it\. Did you mean test\.exact\?/,
  )
  assert.throws(() => mixers().summary('__proto__'), /expected one of/)
  assert.throws(
    () => new Runs(runsOf({ seed: [0] }, () => [])).summary(),
    /expected a run with an evaluation, found none/,
  )
  assert.deepEqual(new Runs([]).summary().rows, [])
})

test('NaN, equal values, a repeated seed and unfinished runs are named in the notes', () => {
  const runs = runsOf({ seed: [0, 1, 2] }, (i) => [i === 2 ? Number.NaN : 0.5])
  const { rows, notes } = new Runs([...runs, { ...runs[0]!, ended: null }]).summary()
  assert.deepEqual([rows[0]!.n, rows[0]!.last!.sd, rows[0]!.last!.low], [3, 0, 50])
  const text = notes.join('\n')
  assert.match(text, /trm: 1 of 4 runs left out/)
  assert.match(text, /trm: 1 of 4 runs unfinished/)
  assert.match(text, /a seed occurs more than once/)
  assert.match(text, /an interval without width is no certainty/)
  const [none] = new Runs(runs.slice(2)).summary().rows
  assert.deepEqual([none!.n, none!.last, none!.best], [0, null, null])
  assert.equal(new Runs(runs.slice(2)).summary().table()[0]!['exact accuracy (%)'], null)
})

test('the live weights beside the EMA and evaluations made afterwards are rows of their own', () => {
  const runs = runsOf({ mixer: ['mlp', 'attention'], seed: [0, 1] }, () => [0.5]).map((run) => ({
    ...run,
    evaluations: [evaluation(1, 0.5, { weights: 'live' }), evaluation(1, 0.75, { weights: 'ema' })],
  }))
  const made = runs.slice(0, 2).map(({ id, config }) => ({ id, config, evaluation: evaluation(1, 0.25) }))
  const summary = new Runs(runs).summary('test.exact', { arms: [arm('mlp, K = 2', made)] })
  assert.deepEqual(
    summary.rows.map(({ label, isArm, varied, n, last }) => [label, isArm, varied.mixer, n, last!.value]),
    [
      ['mlp', false, 'mlp', 2, 75],
      ['attention', false, 'attention', 2, 75],
      ['mlp, live weights', true, 'mlp', 2, 50],
      ['attention, live weights', true, 'attention', 2, 50],
      ['mlp, K = 2', true, 'mlp', 2, 25],
    ],
  )
  assert.deepEqual(Object.keys(summary.table()[0]!).slice(0, 3), ['arm', 'mixer', 'seeds'])
})

test('an arm of nothing, without a name or of other values is refused', () => {
  assert.throws(() => arm('', []), /an arm: expected a name/)
  assert.throws(() => arm('live', []), /arm "live": expected runs or evaluations, found none/)
  assert.throws(
    () => arm('live', [{ exact: 1 } as never]),
    /expected a run, or an evaluation as evaluateRun returns it/,
  )
})

test('runs of another version are told apart by their stored configurations', () => {
  const runs = mixers().all.map((run) => ({ ...run, config: { ...run.config, unknownKey: 1 } as never }))
  assert.deepEqual(
    new Runs(runs).summary().rows.map(({ varied, n }) => [varied, n]),
    [
      [{ mixer: 'mlp' }, 3],
      [{ mixer: 'attention' }, 3],
    ],
  )
})

test('500 configurations have 500 rows', () => {
  const lr = Array.from({ length: 250 }, (_, i) => (i + 1) * 1e-5)
  const runs = new Runs(runsOf({ lr, mixer: ['mlp', 'attention'], seed: [0, 1] }, (i) => [i / 1000]))
  assert.equal(runs.summary().rows.length, 500)
})

test('a summary is printed for a paper, with the best mixer in bold and the published one below a rule', () => {
  const summary = mixers().summary()
  const latex = summary.toLatex({ reported: { table: '1', method: 'self-attention' }, label: 'tab:mixers' })
  assert.match(latex, /mixer & seeds & exact accuracy \(\\%\) & best checkpoint \(\\%\) & parameters/)
  assert.ok(latex.includes(String.raw`mlp & \num{3} & \textbf{\num{96.6 \pm 4.9}} &`), latex)
  assert.match(latex, /\\midrule\n +TRM, self-attention & -- & \\num\{74\.7\} & -- & \\num\{7000000\}/)
  assert.match(latex, /The best checkpoint is chosen on the test puzzles\./)
  const rising = new Runs(runsOf({ seed: [0, 1] }, () => [0.1, 0.2])).summary()
  assert.doesNotMatch(rising.toMarkdown(), /best checkpoint/)
  assert.match(summary.toMarkdown(), /\| mlp \| 3 \| \*\*96\.6 ± 4\.9\*\* \|/)
  assert.match(summary.toCsv(), /^mixer,seeds,exact accuracy \(%\),exact accuracy \(%\) ±,.*\r\nmlp,3,96\.6,4\.9,/)
})
