// ---
// jupyter:
//   jupytext:
//     text_representation:
//       extension: .ts
//       format_name: percent
//       format_version: '1.3'
//   kernelspec:
//     display_name: TypeScript (Recurlab)
//     language: typescript
//     name: recurlab
// ---

// %% [markdown]
// # How much recursion?
//
// **Question.** One network of one or two layers is applied again and again. Does it pay to apply it more often, and does
// it matter how the recursion is built?
//
// **In the paper** ([arXiv 2510.04871](https://arxiv.org/abs/2510.04871), section 4.8 and Table 3): a TRM with T = n = 2 solves
// 73.7 % of Sudoku-Extreme, with T = 3 and n = 6 87.4 %; beyond that it falls again. HRM, with two networks and two latents
// on a timescale each, solves 55.0 % at the depth of T = n = 2, and more recursion helps it little.
//
// **Here** 6×6 Sudokus, models of some 80,000 numbers, five seeds, ten minutes on two cores. Expect the order of the
// paper, not its numbers.

// %%
import {
  type Claim, type ConfigInput, createModel, drawSudoku, judge, reportedResults,
  reportedRow, reportedSudoku, saveFigure, saveTable, show, splitOverlap,
  sudoku, sweep,
} from '../lib'

// %% [markdown]
// ## The recursion
//
// A TRM has an embedded question *x*, an answer *y* and a latent *z*, all `[B, L, D]`, and one network:
//
// ```
// latent recursion      n times  z ← net(z + y + x);  once  y ← net(y + z)
// supervision step      T − 1 latent recursions without gradient, then one with
// ```
//
// *T* and *n* multiply: a step applies the network T(n + 1) times. The depth of a model is that times its layers. HRM does
// the same with two networks, of which the slow one (*H*) updates y, and stops the gradient before the last two updates. Both are printed below,
// as the models that they are.
//
// ## Settings
//
// Three reductions make the difference visible on a laptop; each changes the question:
//
// - **One supervision step** (K = 1) in place of the paper's 16. With more, y and z are carried over to the next
//   step, and a shallow model gets its depth there. So this notebook compares the recursion *within* a step, and says nothing
//   about deep supervision, which is the subject of `07-halting`.
// - **One layer** in place of two: T = n = 1 is then two layers deep, too shallow for these puzzles.
// - **6×6 with 12 clues**: 4×4 is too easy, every depth solves it. At 6×6 no test puzzle is a twin of a training puzzle.

// %% tags=["parameters"]
let seeds = [0, 1, 2, 3, 4]
let trainSteps = 300
let evalEvery = 100
let trainPuzzles = 1000
let testPuzzles = 200
let hidden = 64
let lr = 2e-3
let ema = 0.98

// %%
const data = await sudoku({ box: [2, 3], clues: 12, train: trainPuzzles, test: testPuzzles, seed: 0 })
const { literal, twins } = splitOverlap(data)
console.log(`${data.train.count} training and ${data.test.count} test puzzles;`)
console.log(`of these ${literal} are training puzzles, ${twins} twins of one`)
console.log(drawSudoku(data.test.inputs.subarray(0, data.test.seqLen), [2, 3]))

// %%
const base: ConfigInput = {
  mixer: 'mlp', hidden, heads: 4, layers: 1, K: 1, puzzleTokens: 1,
  batch: 64, trainSteps, lr, weightDecay: 0.1, ema, evalEvery,
}
const depths = [{ T: 1, n: 1 }, { T: 2, n: 2 }, { T: 3, n: 6 }]
show(depths.map(({ T, n }) => {
  const applications = T * (n + 1)
  return { T, n, 'applications of the network': applications, depth: applications * base.layers! }
}))

// %%
show(createModel({ ...base, T: 2, n: 2 }, data, { seed: 0 }))
show(createModel({ ...base, model: 'hrm', layersH: 1, T: 2, n: 2 }, data, { seed: 0 }))

// %% [markdown]
// ## Claims
//
// Written before the runs. The paper's rows are those of Table 3 for k = 1 and 2 (where a TRM has n = 2k), and T = n = 2 of Table 1. Each must hold over the seeds: the 95 % interval of the paired difference lies above zero, and
// the difference is at least as large as said. The last cell checks them.

// %%
const TRM = (T: number, n: number) => ({ model: 'trm', T, n })
const claims: Claim[] = [
  {
    claim: 'T = n = 2 solves more than T = n = 1',
    better: TRM(2, 2), than: TRM(1, 1),
    by: 10, reported: [reportedRow('3', 'TRM, k=2, T=2'), reportedRow('3', 'TRM, k=1, T=1')],
  },
  {
    claim: 'T = 3, n = 6 solves more than T = n = 2',
    better: TRM(3, 6), than: TRM(2, 2),
    by: 10, reported: [reportedSudoku.trm, reportedSudoku.lessRecursion],
  },
  {
    claim: 'TRM solves more than HRM at the same depth',
    better: TRM(2, 2), than: { model: 'hrm' },
    by: 5, reported: [reportedRow('3', 'TRM, k=2, T=2'), reportedRow('3', 'HRM, k=2, T=2')],
  },
]
show(claims.map(({ claim, by }) => ({ claim, 'by at least (points)': by })))

// %% [markdown]
// ## Training
//
// Four models, five seeds each. Runs of one seed share the order of the puzzles, so that they can be compared in pairs. A run that is
// stored already is not trained again.

// %%
const runs = await sweep(
  base,
  [
    ...depths.map(({ T, n }) => ({ T: [T], n: [n], seed: seeds })),
    { model: ['hrm'], layersH: [1], T: [2], n: [2], seed: seeds },
  ],
  data,
)

// %% [markdown]
// ## Results

// %%
show(runs.summary('test.exact'))

// %%
show(runs.curves('test.exact', { title: 'Puzzles solved, mean and 95 % interval over the seeds' }))

// %% [markdown]
// A deeper recursion costs more compute a step. The next curves are drawn over the compute of training: *at equal steps* and *at equal
// compute* are two questions.

// %%
show(runs.curves('test.exact', { x: 'macs', title: 'Puzzles solved over the compute of training' }))

// %% [markdown]
// At equal steps the order is that of the paper, by far more than the seeds differ. At equal compute these runs do not show it: where T = n = 2 ends,
// T = 3, n = 6 has made a hundred steps and solves few puzzles yet. The cheap recursion learns earlier, the deep one gets further; T = n = 1, two layers in
// all, gets nowhere with any amount of either.
//
// The paper's Table 3, on 9×9 Sudoku-Extreme with two layers (TRM) and four (HRM). Its last column of depths is T(n + 1) times the
// layers.

// %%
show(reportedResults({ table: '3' }).select(['method', 'value', 'depth', 'note']))

// %%
const figure = runs.bars(
  'test.exact',
  {
    'model trm, T 2, n 2': reportedSudoku.lessRecursion,
    'model trm, T 3, n 6': reportedSudoku.trm,
    'model hrm, T 2, n 2': reportedSudoku.hrm,
  },
  { title: 'Recursion, exact accuracy', y: 'exact accuracy (%)', reportedAs: 'in the paper (9×9, Table 1)' },
)
show(figure)

// %%
console.log(await saveFigure(figure, '03-recursion.svg'))
console.log(saveTable(runs.table(), '03-recursion.arrow'))

// %% [markdown]
// ## Verdicts

// %%
const verdicts = judge(runs, claims, { seeds: 5 })
show(verdicts)
console.log(saveTable(verdicts.table(), '03-recursion.verdicts.arrow'))
console.log(verdicts.check())

// %% [markdown]
// ## Change this
//
// - In the paper accuracy falls again beyond T = 3, n = 6. Add `{ T: 4, n: 8 }` to `depths` and run on: only the new runs are trained.
// - T and n multiply, but are not the same: the gradient passes through n + 1 applications, whatever T. Compare
//   `{ T: 1, n: 5 }`, `{ T: 2, n: 2 }` and `{ T: 3, n: 1 }`, all of depth 6.
// - At the paper's scale: `npx recurlab ablations table=3` lists its rows and trains them; it takes weeks on this machine.
//
// **Exercise 1.** What does a training step with T = 4, n = 8 cost, compared with T = 3, n = 6?
//
// <details><summary>Solution</summary>
//
// A step applies the network T(n + 1) times, and the backward pass costs twice the n + 1 applications of the last latent recursion: T(n + 1) + 2(n + 1) = (T + 2)(n + 1). That is
// 54 against 35, or 1.54 times. `show(createModel({ ...base, T: 4, n: 8 }, data, { seed: 0 }))` states the MACs with the backward pass: 196 million against 127 million. An
// evaluation has no backward pass, and costs 36 against 21.
//
// </details>
//
// **Exercise 2.** `{ T: 1, n: 5 }`, `{ T: 2, n: 2 }` and `{ T: 3, n: 1 }` are all six layers deep. Do they cost the same, and which one has the longest gradient?
//
// <details><summary>Solution</summary>
//
// To evaluate, yes: six applications each. To train, no: by (T + 2)(n + 1) they cost 18, 12 and 10. The gradient passes through n + 1 applications: six, three and two. To compare them:
//
// ```ts
// const deep = [{ T: 1, n: 5 }, { T: 2, n: 2 }, { T: 3, n: 1 }].map(({ T, n }) => ({ T: [T], n: [n], seed: seeds }))
// const same = await sweep(base, deep, data)
// show(same.curves('test.exact', { x: 'macs' }))
// show(same.summary('test.exact'))
// ```
//
// The runs of T = n = 2 are stored already. Look at both axes: the longest gradient has the dearest step.
//
// </details>
