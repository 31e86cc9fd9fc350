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
// # How many layers should the one network have?
//
// **Question.** A deep answer needs many layers. Should they be different ones, or a few that are used again and again?
//
// **In the paper** ([arXiv 2510.04871](https://arxiv.org/abs/2510.04871), section 4.4 and Table 1, Sudoku-Extreme): two layers with n = 6 solve 87.4 %;
// four layers, recursing half as often so that the depth stays about the same, 79.5 %. "Less is more": a smaller network overfits less, and recursion
// makes up for the depth.
//
// **Here** 6×6 Sudokus, one, two and three layers at the same depth, five seeds, ten minutes on two cores. One layer, which the paper does not report, is
// part of it.

// %%
import {
  type Claim, type ConfigInput, drawSudoku, judge, reportedSudoku, saveFigure,
  saveTable, show, splitOverlap, sudoku, sweep,
} from '../lib'

// %% [markdown]
// ## Depth
//
// An answer passes through T(n + 1) applications of the network in a supervision step, so through T(n + 1) times its layers. All three models here are six layers
// deep, take the same compute, and differ in how many weights that depth has.
//
// ## Settings
//
// One latent recursion (T = 1) and one supervision step (K = 1; the paper has 3 and 16), so that the depth of six is all there is: with more supervision steps
// y and z are carried on, and every model gets deeper.

// %% tags=["parameters"]
let seeds = [0, 1, 2, 3, 4]
let trainSteps = 300
let evalEvery = 100
let trainPuzzles = 1000
let testPuzzles = 200
let variants = [{ layers: 1, n: 5 }, { layers: 2, n: 2 }, { layers: 3, n: 1 }]
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
  mixer: 'mlp', hidden, heads: 4, T: 1, K: 1, puzzleTokens: 1,
  batch: 64, trainSteps, lr, weightDecay: 0.1, ema, evalEvery,
}
show(variants.map(({ layers, n }) => {
  const applications = base.T! * (n + 1)
  return { layers, n, 'applications of the network': applications, depth: applications * layers }
}))

// %% [markdown]
// ## Claims
//
// Written before the runs; the last cell checks them. The paper's difference is that of two layers against four.

// %%
const claims: Claim[] = [
  {
    claim: 'One layer solves more than two',
    better: { layers: 1 }, than: { layers: 2 },
    by: 5,
  },
  {
    claim: 'Two layers solve more than three',
    better: { layers: 2 }, than: { layers: 3 },
    by: 5, reported: [reportedSudoku.trm, reportedSudoku.fourLayers],
  },
]
show(claims.map(({ claim, by }) => ({ claim, 'by at least (points)': by })))

// %% [markdown]
// ## Training

// %%
const rows = variants.map(({ layers, n }) => ({ layers: [layers], n: [n], seed: seeds }))
const runs = await sweep(base, rows, data)

// %% [markdown]
// ## Results

// %%
show(runs.summary('test.exact'))

// %%
show(runs.curves('test.exact', { title: 'Puzzles solved, mean and 95 % interval over the seeds' }))

// %% [markdown]
// Overfitting, the paper's reason, is not what happens here: each training puzzle is new (digits relabelled, rows and columns exchanged), and the share of solved
// training puzzles orders the models as the test puzzles do. Fewer layers learn faster here; how far each would get, these runs do not say.

// %%
show(runs.curves('train.exact', { title: 'Training puzzles solved' }))

// %%
const label = ({ layers, n }: { layers: number; n: number }) => `layers ${layers}, n ${n}`
const figure = runs.bars(
  'test.exact',
  { 'layers 2, n 2': reportedSudoku.trm },
  {
    title: 'Layers of the one network, exact accuracy',
    y: 'exact accuracy (%)',
    names: Object.fromEntries(
      variants.map((v) => [label(v), `${v.layers} layer${v.layers > 1 ? 's' : ''}, n = ${v.n}`]),
    ),
    reportedAs: 'in the paper (9×9, two layers with n = 6)',
  },
)
show(figure)

// %%
console.log(await saveFigure(figure, '02-layer-count.svg'))
console.log(saveTable(runs.table(), '02-layer-count.arrow'))

// %% [markdown]
// ## Verdicts

// %%
const verdicts = judge(runs, claims)
show(verdicts)
console.log(saveTable(verdicts.table(), '02-layer-count.verdicts.arrow'))
console.log(verdicts.check())

// %% [markdown]
// ## Change this
//
// - `trainSteps = 1000`: does the order stay when all have learned what they can?
// - `augment: 0` in `base` takes the fresh versions away, and there are 1,000 puzzles to learn by heart. Which model does?
// - At the paper's scale: `npx recurlab ablations table=1`, the row "4 layers, n=3".
//
// **Exercise 1.** The three models take the same compute. How many weights do they have, and why not in the ratio 1 : 2 : 3?
//
// <details><summary>Solution</summary>
//
// ```ts
// for (const { layers, n } of variants) show(createModel({ ...base, layers, n }, data, { seed: 0 }))
// ```
//
// (`createModel` is imported from `'../lib'`.) 78,786, 156,354 and 233,922 weights, and 21.8 million MACs of a supervision step each. A layer has 77,568; the 1,218
// that are left are the embeddings and the heads, which every model has once.
//
// </details>
//
// **Exercise 2.** Is one layer ahead because it learns faster, or because it gets further?
//
// <details><summary>Solution</summary>
//
// 300 steps do not say. Set `trainSteps = 1000` and run the notebook again: the claims are checked as before, on longer runs. If the three curves of `test.exact` are flat at their
// ends, their order there is how far each gets; if one still rises, it is not. `runs.timeTo('test.exact', 0.5)` says when each model solves half of the puzzles.
//
// </details>
