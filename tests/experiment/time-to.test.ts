import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EvaluationRow } from '../../lib/experiment/compare/runs.js'
import { type ConfigInput, type FinishedRun, parseConfig, Runs } from '../../lib/index.js'

interface Evaluated {
  readonly seed: number
  readonly exact: readonly number[]
  readonly config?: ConfigInput
  readonly rows?: Partial<EvaluationRow>
}

/** A run with an evaluation every ten steps; a step takes 1 GMAC, `1 + seed` seconds, twice as many of the processor. */
function runOf({ seed, exact, config = {}, rows = {} }: Evaluated): FinishedRun {
  return {
    id: `run-${config.mixer ?? 'mlp'}-${seed}`,
    dir: '',
    config: parseConfig({ mixer: 'mlp', ...config, seed }),
    parameters: 13,
    metrics: exact.map((value, i) => ({ step: 10 * (i + 1), 'train.exact': value, trainMacs: 1e10 * (i + 1) })),
    evaluations: exact.map((value, i): EvaluationRow => {
      const step = 10 * (i + 1)
      const [seconds, cpuSeconds] = [step * (1 + seed), 2 * step * (1 + seed)]
      const shares = { 'test.exact': value, 'test.cells': value, 'test.haltAccuracy': 1, 'test.halted': 1 }
      return {
        ...shares,
        ...{ step, supervisionSteps: 2, puzzles: 10, scored: 10, evaluationSeconds: 1, evaluationMacs: 4e9 },
        ...{ trainSeconds: seconds, trainCpuSeconds: cpuSeconds, trainMacs: step * 1e9 },
        ...rows,
      }
    }),
  }
}

const attention: ConfigInput = { mixer: 'attention' }
const runs = new Runs([
  runOf({ seed: 0, exact: [0.2, 0.9, 0.95] }),
  runOf({ seed: 1, exact: [0.2, Number.NaN, 0.92] }),
  runOf({ seed: 0, exact: [0.1, 0.3, 0.2], config: attention }),
])

test('time to an accuracy is that of the first evaluation at or above it: steps, MACs, seconds of clock and processor', () => {
  const { runs: times } = runs.timeTo('test.exact', 0.9)
  const taken = times.map(({ step, trainMacs, trainSeconds, trainCpuSeconds, value, best }) => [
    ...[step, trainMacs, trainSeconds, trainCpuSeconds],
    ...[value, best],
  ])
  assert.deepEqual(taken, [
    [20, 20e9, 20, 40, 0.9, 0.95],
    // An evaluation that is NaN has not reached it.
    [30, 30e9, 60, 120, 0.92, 0.92],
    // Never; its best is told.
    [null, null, null, null, null, 0.3],
  ])
})

test('the summary says how many seeds got there, with mean and interval over those', () => {
  const times = runs.timeTo('test.exact', 0.9)
  const [mlp, other] = times.summary()
  assert.deepEqual([mlp!.label, mlp!.reached, mlp!.seeds, mlp!.step!.value, mlp!.step!.n], ['mlp', 2, 2, 25, 2])
  // t of one degree of freedom: 12.706 · 7.071 / √2.
  assert.ok(Math.abs(mlp!.step!.high! - (25 + 63.53)) < 0.01, String(mlp!.step!.high))
  assert.deepEqual([other!.reached, other!.seeds, other!.step, other!.trainMacs], [0, 1, null, null])
  assert.deepEqual(times.summaryTable(), [
    {
      label: 'mlp',
      'reached 90.0 %': '2 of 2',
      step: '25 ± 64',
      'training (TMAC)': '0.025 ± 0.064',
      'training (s)': '40 ± 250',
      'training (CPU s)': '80 ± 510',
    },
    {
      label: 'attention',
      'reached 90.0 %': '0 of 1',
      ...{ step: null, 'training (TMAC)': null, 'training (s)': null, 'training (CPU s)': null },
    },
  ])
})

test('a notebook shows a row per run: whether it got there, what it took, its best', () => {
  const [first, , last] = runs.timeTo('test.exact', 0.9).table()
  assert.deepEqual(first, {
    ...{ label: 'mlp', seed: 0, 'reached 90.0 %': true, step: 20 },
    ...{ 'training (TMAC)': 0.02, 'training (s)': 20, 'training (CPU s)': 40 },
    ...{ 'best exact accuracy (%)': 95, run: 'run-mlp-0' },
  })
  assert.deepEqual([last!['reached 90.0 %'], last!.step, last!['best exact accuracy (%)']], [false, null, 30])
})

test('time to an accuracy in training reads the metrics; where EMA and live weights are evaluated, the EMA counts', () => {
  assert.equal(runs.timeTo('train.exact', 0.9).runs[0]!.step, 20)
  const [live] = runOf({ seed: 0, exact: [0.99], rows: { weights: 'live' } }).evaluations
  const ema = runOf({ seed: 0, exact: [0.5, 0.93], rows: { weights: 'ema' } })
  const both = new Runs([{ ...ema, evaluations: [live!, ...ema.evaluations] }])
  assert.deepEqual(
    [both.timeTo('test.exact', 0.9).runs[0]!.step, both.timeTo('test.exact', 0.9).runs[0]!.best],
    [20, 0.93],
  )
})

test('a run with 150,000 logged steps has a best value', () => {
  const run = runOf({ seed: 0, exact: [] })
  const metrics = Array.from({ length: 150_000 }, (_, step) => ({ step, 'train.exact': step / 150_000 }))
  assert.equal(new Runs([{ ...run, metrics }]).timeTo('train.exact', 1).runs[0]!.best, 149_999 / 150_000)
})

test('a percentage, NaN and a metric that no run has are refused in one sentence', () => {
  assert.throws(() => runs.timeTo('test.exact', 90), {
    name: 'UserError',
    message: /share from 0 to 1.*Write 0\.9 for 90 %/s,
  })
  assert.throws(() => runs.timeTo('test.exact', Number.NaN), { name: 'UserError', message: /found NaN/ })
  assert.throws(() => runs.timeTo('test.exat', 0.9), { name: 'UserError', message: /Did you mean test\.exact\?/ })
  assert.deepEqual(new Runs([]).timeTo('test.exact', 0.9).runs, [])
  const unfinished = new Runs([runOf({ seed: 0, exact: [] })])
  assert.deepEqual(unfinished.timeTo('test.exact', 0.9).runs[0]!.best, null)
})

test('curves over MACs, FLOPs and seconds place each point at what training took until then, in the unit that fits', () => {
  const line = (x: 'step' | 'macs' | 'flops' | 'seconds') => {
    const { data, layout } = runs.curves('test.exact', { x })
    const title = (layout.xaxis as { title: { text: string } }).title.text
    const mlp = data.find((trace) => /^mlp/.test(String(trace.name)) && trace.y && trace.hoverinfo !== 'skip')!
    return [title, mlp.x]
  }
  assert.deepEqual(line('step'), ['optimiser step', [10, 20, 30]])
  assert.deepEqual(line('macs'), ['training compute (GMAC)', [10, 20, 30]])
  assert.deepEqual(line('flops'), ['training compute (GFLOP, two per MAC)', [20, 40, 60]])
  // The seeds take 10 and 20 seconds for ten steps.
  assert.deepEqual(line('seconds'), ['training time (s)', [15, 30, 45]])
})

test('with each: run, every run stands at its own times', () => {
  const { data } = runs.curves('test.exact', { x: 'seconds', each: 'run' })
  assert.deepEqual(
    data.map(({ name, x }) => [name, x]),
    [
      ['mlp', [10, 20, 30]],
      ['mlp', [20, 40, 60]],
      ['attention', [10, 20, 30]],
    ],
  )
})

test('curves over a quantity that does not grow along a run, an unknown one or one that no run has are refused', () => {
  const over = (x: string) => () => runs.curves('test.exact', { x: x as 'macs' })
  assert.throws(over('parameters'), { name: 'UserError', message: /grows along a run: step, macs.*one value/ })
  assert.throws(over('mac'), { name: 'UserError', message: /found mac\. Did you mean macs\?/ })
  assert.throws(over('joules'), { name: 'UserError', message: /runs that know it, found none.*provenance\.json/ })
})
