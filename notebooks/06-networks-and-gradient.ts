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
// # One network or two, the whole gradient or one step of it
//
// **Questions.** HRM has one network for each timescale; TRM uses one network for both updates. HRM stops the gradient before the last update of each
// latent, by an argument on fixed points; TRM lets it pass through the whole last latent recursion. What are these two choices worth?
//
// **In the paper** ([arXiv 2510.04871](https://arxiv.org/abs/2510.04871), sections 4.1 and 4.3, Table 1, Sudoku-Extreme): one network 87.4 %,
// two networks 82.4 % with twice the weights; the 1-step gradient 56.5 %.
//
// **Here** 6×6 Sudokus, five seeds, five minutes on two cores, less after `04-latents`, which trains one of the three models, too.

// %%
import {
  type Claim, type ConfigInput, createModel, drawSudoku, judge, reportedSudoku,
  saveFigure, saveTable, show, splitOverlap, sudoku, sweep,
} from '../lib'

// %% [markdown]
// ## Three models
//
// ```
// shared    n times  z ← net(z + y + x);        then  y ← net(y + z)
// separate  n times  z ← net_z(z + y + x);      then  y ← net_y(y + z)
// one-step  as shared, but z is a constant before its last update: the gradient passes through two applications of net, not n + 1
// ```
//
// ## Settings
//
// One latent recursion (T = 1, n = 4) of one layer, one supervision step (K = 1; the paper has 16), so that the recursion is the
// only source of depth, and its gradient the only way by which the early updates learn. With the carry of deep supervision they would get a gradient
// of their own at every step: that is how HRM gets along with a 1-step gradient.

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
  mixer: 'mlp', hidden, heads: 4, layers: 1, T: 1, n: 4, K: 1, puzzleTokens: 1,
  batch: 64, trainSteps, lr, weightDecay: 0.1, ema, evalEvery,
}
for (const changes of [{}, { networks: 'separate' }, { gradient: 'one-step' }] as const)
  show(createModel({ ...base, ...changes }, data, { seed: 0 }))

// %% [markdown]
// ## Claims
//
// Written before the runs; the last cell checks them. Both compare runs of equally many optimiser steps. A step with the 1-step gradient is cheaper by some
// 40 %, so that at equal *time* it may lead for a while: the curves over the compute of training say until when.

// %%
const full = { networks: 'shared', gradient: 'full' }
const claims: Claim[] = [
  {
    claim: 'One network solves more than two',
    better: full, than: { networks: 'separate' },
    by: 5, reported: [reportedSudoku.trm, reportedSudoku.separateNetworks],
  },
  {
    claim: 'The whole gradient solves more than the 1-step gradient',
    better: full, than: { gradient: 'one-step' },
    by: 5, reported: [reportedSudoku.trm, reportedSudoku.oneStepGradient],
  },
]
show(claims.map(({ claim, by }) => ({ claim, 'by at least (points)': by })))

// %% [markdown]
// ## Training

// %%
const runs = await sweep(
  base,
  [
    { latents: ['two'], networks: ['shared', 'separate'], gradient: ['full'], seed: seeds },
    { latents: ['two'], networks: ['shared'], gradient: ['one-step'], seed: seeds },
  ],
  data,
)

// %% [markdown]
// ## Results

// %%
show(runs.summary('test.exact'))

// %%
show(runs.curves('test.exact', { title: 'Puzzles solved, mean and 95 % interval over the seeds' }))

// %%
show(runs.curves('test.exact', { x: 'macs', title: 'Puzzles solved over the compute of training' }))

// %% [markdown]
// At equal steps both directions are the paper's. At equal compute the 1-step gradient leads for as long as its runs last: they end where the whole gradient has
// made 180 of its steps. Longer runs would have to say where the two cross.

// %%
const figure = runs.bars(
  'test.exact',
  {
    'networks shared, gradient full': reportedSudoku.trm,
    'networks separate, gradient full': reportedSudoku.separateNetworks,
    'networks shared, gradient one-step': reportedSudoku.oneStepGradient,
  },
  {
    title: 'Networks and gradient, exact accuracy',
    y: 'exact accuracy (%)',
    reportedAs: 'in the paper (9×9, Table 1)',
  },
)
show(figure)

// %%
console.log(await saveFigure(figure, '06-networks-and-gradient.svg'))
console.log(saveTable(runs.table(), '06-networks-and-gradient.arrow'))

// %% [markdown]
// ## Verdicts

// %%
const verdicts = judge(runs, claims, { seeds: 5 })
show(verdicts)
console.log(saveTable(verdicts.table(), '06-networks-and-gradient.verdicts.arrow'))
console.log(verdicts.check())

// %% [markdown]
// ## Change this
//
// - `K: 4` in `base`: does deep supervision make up for the 1-step gradient?
// - At the paper's scale: `npx recurlab ablations table=1` lists the rows and trains them.
//
// **Exercise 1.** Why is a step with the 1-step gradient cheaper by 40 %, and not by more?
//
// <details><summary>Solution</summary>
//
// The forward pass is the same: n + 1 = 5 applications of the network. The backward pass costs twice the applications that carry gradient: 5 for the whole gradient, 2 for
// the 1-step gradient. So 5 + 10 = 15 against 5 + 4 = 9, which is 60 %. `show(createModel(…))` above states it: 54.6 and 32.8 million MACs with the backward pass.
//
// </details>
//
// **Exercise 2.** Two networks have twice the weights of one. Does half the hidden size make them equal?
//
// <details><summary>Solution</summary>
//
// No. `show(createModel({ ...base, networks: 'separate', hidden: 32 }, data, { seed: 0 }))` has 106,594 weights; the one network with `hidden: 64` has 78,786. In each network 28,416 weights mix the 37 tokens,
// whatever the hidden size, and the inner width of both SwiGLUs is a multiple of 256. Two networks have 56,832 of the first kind alone. A comparison at equal weights needs another
// change; one with two layers has as many as two networks with one, 156,354, but is deeper.
//
// </details>
