import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConfigInput } from '../../lib/config/schema.js'
import type { PuzzleOutcome } from '../../lib/evaluate/outcomes.js'
import type { Grid } from '../../lib/experiment/sweep/grid.js'
import { arm, type FinishedRun, Runs } from '../../lib/index.js'
import { bundleOf } from '../../lib/notebook/bundle.js'
import { evaluation, runsOf } from './grid-runs.js'

const near = (actual: number | null | undefined, expected: number, tolerance = 1e-6): void =>
  assert.ok(Math.abs(actual! - expected) <= tolerance, `${actual} for ${expected}`)

const mixer = ['mlp', 'attention'] as const
const mixers = (exact = [0.977, 0.943, 0.977, 0.007, 0.013, 0.003], seed = [0, 1, 2]): Runs =>
  new Runs(runsOf({ mixer, seed }, exact, { T: 2, n: 2 }))

test("arms with the same seeds are paired: difference, interval, p and effect are scipy's, the verdict names the paper", () => {
  const made = mixers().compare('mlp', 'attention')
  // scipy 1.17.1: stats.ttest_rel([97.7, 94.3, 97.7], [.7, 1.3, .3]), as in tests/statistics/reference.json
  near(made.difference.value, 95.8)
  near(made.difference.low, 89.75583208274573, 1e-4)
  near(made.difference.high, 101.84416791725427, 1e-4)
  near(made.difference.p, 0.00021494601182152237, 1e-9)
  assert.deepEqual([made.difference.test, made.difference.n, made.better], ['paired t', 3, 'a'])
  assert.equal(made.verdict, 'mlp better by 95.8 ± 6.0 points, 3 seeds; the paper: 12.7')
  assert.deepEqual(made.reported?.methods, ['TRM (T=3, n=6)', 'TRM, self-attention'])
  assert.deepEqual(made.warnings, ['3 pairs: few; 5 or more make the interval narrower and surer.'])
  assert.equal(
    mixers().compare({ mixer: 'attention' }, { mixer: 'mlp' }).verdict,
    made.verdict,
    'the winner comes first',
  )
  const { 'text/html': html, 'text/plain': text } = bundleOf(made)
  for (const form of [html, text])
    assert.match(String(form), /mlp better by 95\.8[\s\S]*paired t\(2\) = 68\.2, p &?l?t?;?<? ?0\.001/)
})

test('arms whose interval includes 0 show no difference', () => {
  const made = mixers([0.5, 0.6, 0.7, 0.55, 0.52, 0.71]).compare('mlp', 'attention', 'test.exact', { reported: null })
  assert.match(
    made.verdict,
    /^no difference seen: mlp − attention = 1 ± 17 points, 3 seeds, the 95 % interval includes 0$/,
  )
  assert.deepEqual([made.better, made.reported], [null, null])
})

test('arms without shared seeds are compared by Welch, and the seeds named', () => {
  const runs = mixers().all.map((run, i) => (i < 3 ? run : { ...run, config: { ...run.config, seed: i + 4 } }))
  const made = new Runs(runs).compare('mlp', 'attention')
  assert.deepEqual([made.difference.test, made.difference.n], ["Welch's t", [3, 3]])
  assert.match(made.verdict, /^mlp better by .* points, 3 runs each; the paper: 12\.7$/)
  assert.ok(
    made.warnings.includes(
      'The seeds differ: only mlp has seeds 0, 1, 2, only attention has seeds 7, 8, 9; the values are not paired.',
    ),
    made.warnings.join('\n'),
  )
})

test('runs without a partner of their seed are left out and named; paired: false uses them', () => {
  const runs = new Runs(mixers().all.filter(({ id }) => id !== 'run-5'))
  const made = runs.compare('mlp', 'attention')
  assert.deepEqual([made.difference.test, made.difference.n], ['paired t', 2])
  assert.match(
    made.warnings.join('\n'),
    /2 pairs: too few[\s\S]*only mlp has seed 2; these runs are left out, 2 pairs remain/,
  )
  const { difference } = runs.compare('mlp', 'attention', 'test.exact', { paired: false })
  assert.deepEqual([difference.test, difference.n], ["Welch's t", [3, 2]])
  assert.throws(
    () => mixers([1, 0], [0]).compare('mlp', 'attention', 'test.exact', { paired: true }),
    /two seeds or more/,
  )
})

test('a grid is paired by its other keys too', () => {
  const runs = runsOf({ mixer, lr: [1e-3, 1e-2], seed: [0, 1] }, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.25])
  const made = new Runs(runs).compare({ mixer: 'mlp' }, { mixer: 'attention' })
  assert.equal(made.difference.n, 4)
  assert.match(made.verdict, /4 pairs of runs/)
  assert.match(made.warnings.join('\n'), /Within the arms lr varies too/)
})

test("one run each is compared by the puzzles that they solve, with Newcombe's interval", () => {
  const made = mixers([0.87, 0.88], [0]).compare('mlp', 'attention')
  // tests/statistics/reference.json, proportions(261, 300, 264, 300)
  near(made.difference.low, -6.3443, 1e-2)
  assert.deepEqual([made.difference.test, made.difference.n], ['two proportions', [300, 300]])
  assert.match(
    made.verdict,
    /^no difference seen: mlp − attention = −1\.0 \(−6\.3 to 4\.3\) points, one run each, 300 puzzles/,
  )
  assert.match(made.warnings.join('\n'), /One run each: the interval is over puzzles/)
})

/** Outcomes of 40 puzzles of which the given ones are solved, with half of the cells right in the others. */
function outcomes(solved: (puzzle: number) => boolean): PuzzleOutcome[] {
  return Array.from({ length: 40 }, (_, puzzle) => ({
    ...{ puzzle, version: 0, identifier: 0, supervisionSteps: 8, haltProbability: 1 },
    exact: solved(puzzle),
    cells: solved(puzzle) ? 1 : 0.5,
    prediction: new Uint8Array(0),
  }))
}

test("one evaluation each with the outcomes of the same puzzles is compared by McNemar's exact test", () => {
  const made = (name: string, solved: (puzzle: number) => boolean) => {
    const all = outcomes(solved)
    const exact = all.filter((outcome) => outcome.exact).length / 40
    const counts = { puzzles: 40, scored: 40, outcomes: all }
    return arm(name, [{ id: 'run-0', seed: 0, data: { hash: 'abc' }, evaluation: { 'test.exact': exact, ...counts } }])
  }
  const few = made('K = 2', (puzzle) => puzzle < 20)
  const many = made('K = 16', (puzzle) => puzzle > 1 && puzzle < 34)
  const { difference, verdict } = new Runs([]).compare(few, many)
  assert.deepEqual([difference.test, difference.n], ['exact McNemar', 40])
  // scipy 1.17.1: stats.binomtest(2, 16, 0.5).pvalue
  near(difference.p, 0.004180908203125)
  assert.match(verdict, /^K = 16 better by 30 \(.*\) points, one run each, 40 puzzles$/)
})

test('one evaluation each of other seeds is compared by the cells of each puzzle, and none is left out', () => {
  const made = (seed: number, solved: number) => {
    const counts = { puzzles: 40, scored: 40, outcomes: outcomes((puzzle) => puzzle < solved) }
    const cells = (40 + solved) / 80
    return arm(`seed ${seed}`, [{ id: `run-${seed}`, seed, evaluation: { 'test.cells': cells, ...counts } }])
  }
  const { difference, verdict, warnings } = new Runs([]).compare(made(0, 20), made(1, 10), 'test.cells')
  assert.deepEqual([difference.test, difference.n, difference.value], ['paired t', 40, 12.5])
  assert.match(verdict, /^seed 0 better by 12\.5 ± .* points, one run each, 40 puzzles$/)
  assert.ok(warnings.includes('The seeds differ: only seed 0 has seed 0, only seed 1 has seed 1.'), warnings.join('\n'))
})

test('evaluations made afterwards stand against the runs that they are of, paired by seed', () => {
  const runs = mixers()
  const live = runs.all.slice(0, 3).map(({ id, config }, i) => ({ id, config, evaluation: evaluation(0.9 + i / 100) }))
  const made = runs.compare('mlp', arm('live weights', live))
  assert.deepEqual([made.difference.test, made.b.name, made.b.n], ['paired t', 'live weights', 3])
  const named = runs.compare('mlp', 'live weights', 'test.exact', { arms: [arm('live weights', live)] })
  assert.equal(named.verdict, made.verdict)
  assert.equal(runs.compare('mlp', live).b.name, 'mlp, evaluated afterwards')
})

test('the live weights beside the EMA are an arm', () => {
  const both = mixers().all.map((run) => ({
    ...run,
    evaluations: [evaluation(0.25, { weights: 'live' }), { ...run.evaluations[0]!, weights: 'ema' as const }],
  }))
  const made = new Runs(both).compare('mlp', 'mlp, live weights')
  assert.deepEqual([made.difference.test, made.b.last.value], ['paired t', 25])
})

test('other data, more compute and other keys are warned of', () => {
  const [mlp, attention] = [mixers().all.slice(0, 3), mixers().all.slice(3)]
  const warned = (change: (run: FinishedRun) => FinishedRun): string =>
    new Runs([...mlp, ...attention.map(change)]).compare({ mixer: 'mlp' }, { mixer: 'attention' }).warnings.join('\n')
  assert.match(
    warned((run) => ({ ...run, provenance: { dataHash: 'other' } })),
    /The data sets of mlp and attention differ/,
  )
  assert.match(
    warned((run) => ({ ...run, evaluations: [{ ...run.evaluations[0]!, step: 200 }] })),
    /attention had 2 times the training rows \(optimiser steps × batch\) of mlp/,
  )
  assert.match(
    warned((run) => ({ ...run, evaluations: [{ ...run.evaluations[0]!, supervisionSteps: 16 }] })),
    /attention had 2 times the supervision steps in evaluation of mlp/,
  )
  assert.match(
    warned((run) => ({ ...run, config: { ...run.config, lr: 1 } })),
    /differ in several keys: mixer, lr/,
  )
  assert.match(
    warned((run) => ({ ...run, ended: null })),
    /attention: 3 of 3 runs unfinished/,
  )
  const single = mixers([0.9, 0.8], [0]).all.map((run) => ({ ...run, ended: null }))
  assert.match(new Runs(single).compare('mlp', 'attention').warnings.join('\n'), /mlp: 1 of 1 run unfinished\./)
  assert.match(
    warned((run) => ({ ...run, evaluations: [evaluation(run.id === 'run-4' ? Number.NaN : 0)] })),
    /attention: 1 of 3 runs left out/,
  )
})

test('a seed with several runs counts once in a pair, and a run in both arms is named', () => {
  const { all } = mixers()
  const again = { ...all[0]!, id: 'again', evaluations: [evaluation(0.957)] }
  const twice = new Runs([...all, again]).compare('mlp', 'attention')
  assert.equal(twice.difference.n, 3)
  near(twice.difference.value, (96.7 - 0.7 + 94.3 - 1.3 + 97.7 - 0.3) / 3)
  assert.match(twice.warnings.join('\n'), /A seed has several runs; their mean counts once/)
  const shared = mixers().compare(all, all.slice(0, 2), 'test.exact', { paired: false })
  assert.match(shared.warnings.join('\n'), /2 runs are in both arms/)
})

test('a metric in which lower is better, one without a direction, and values without variance have their own words', () => {
  const loss = mixers().compare('mlp', 'attention', 'train.loss')
  assert.match(loss.verdict, /^mlp better by 0\.958 ± 0\.060, 3 seeds$/)
  assert.equal(loss.better, 'a')
  const reported = (value: number): string =>
    mixers().compare('mlp', 'attention', 'train.loss', { reported: { value, source: 'a blog' } }).verdict
  assert.match(reported(-0.5), /^mlp better by .*; a blog: 0\.5$/, 'signed as the difference beside it')
  assert.match(reported(0.5), /; a blog: −0\.5$/)
  assert.match(mixers().compare('mlp', 'attention', 'test.rows').verdict, /^mlp higher by 0\.958 ± 0\.060, 3 seeds$/)
  const flat = mixers([0.5, 0.5, 0.5, 0.25, 0.25, 0.25]).compare('mlp', 'attention')
  assert.match(flat.verdict, /^mlp better by 25\.0 points, 3 seeds; the paper: 12\.7$/)
  assert.match(flat.warnings.join('\n'), /no variance/)
  const equal = mixers([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]).compare('mlp', 'attention')
  assert.match(equal.verdict, /^no difference: mlp and attention are equal, 3 seeds/)
  const rows = mixers([0.5, 0.25], [0]).compare('mlp', 'attention', 'test.rows')
  assert.match(rows.verdict, /^mlp higher by 0\.250, one run each, no interval$/)
})

test('the paper is quoted for two models of Table 1, at any size, and for no other pair, task or metric', () => {
  const reported = (grid: Grid, base: ConfigInput, [a, b]: [ConfigInput, ConfigInput], metric = 'test.exact') =>
    new Runs(runsOf(grid, [0.9, 0.8], base)).compare(a, b, metric).reported?.value ?? null
  const pair: [ConfigInput, ConfigInput] = [{ mixer: 'mlp' }, { mixer: 'attention' }]
  near(reported({ mixer }, {}, pair), 12.7)
  near(reported({ mixer }, { T: 2, n: 2, layers: 1 }, pair), 12.7)
  near(reported({ ema: [0, 0.9] }, {}, [{ ema: 0 }, { ema: 0.9 }]), -7.5)
  assert.equal(reported({ mixer }, { task: 'maze' }, pair), null)
  assert.equal(reported({ mixer }, {}, pair, 'test.cells'), null)
  assert.equal(reported({ hidden: [32, 64] }, {}, [{ hidden: 32 }, { hidden: 64 }]), null)
  const given = mixers().compare('mlp', 'attention', 'test.exact', { reported: { value: 5, source: 'a blog' } })
  assert.match(given.verdict, /; a blog: 5$/)
})

test('an unknown label, key or metric, an empty arm and one arm twice are refused', () => {
  const runs = mixers()
  assert.throws(
    () => runs.compare('mpl', 'attention'),
    /a: expected the label of a configuration: "mlp", "attention", found "mpl"\. Did you mean mlp\?/,
  )
  assert.throws(
    () => runs.compare({ mixr: 'mlp' } as never, 'attention'),
    /expected keys of the configuration, found mixr\. Did you mean mixer\?/,
  )
  assert.throws(
    () => runs.compare({ mixer: 'conv' } as never, 'attention'),
    /mixer is "mlp", "attention", found mixer conv/,
  )
  assert.throws(() => runs.compare({}, 'attention'), /an empty one/)
  assert.throws(() => runs.compare('mlp', []), /expected runs or evaluations, found none/)
  assert.throws(() => runs.compare('mlp', 'mlp'), /two different arms, found mlp twice/)
  assert.throws(() => runs.compare('mlp', 'attention', 'test.exat'), /Did you mean test\.exact/)
  assert.throws(
    () => mixers([Number.NaN, 0], [0]).compare('mlp', 'attention'),
    /arm mlp: expected a run with a finite test\.exact/,
  )
  assert.throws(() => runs.compare('mlp', 'attention', 'test.exact', { reported: Number.NaN }), /a finite difference/)
})
