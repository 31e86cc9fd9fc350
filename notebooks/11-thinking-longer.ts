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
// # Thinking longer
//
// A trained recursive model can compute more on a puzzle than it was trained to: more supervision steps
// (depth D), or several rollouts with noise in the latent z (K of them), of which a *selector* chooses the
// answer. In this way PTRM ([arXiv 2605.19943](https://arxiv.org/abs/2605.19943)) takes the same weights
// from 87.3 % to 98.75 % on Sudoku-Extreme, without training.
//
// `think` records every rollout after every step, once. Each selector, each smaller K and each smaller D is
// then a query over that one recording. The weights are those of a 6×6 Sudoku that comes with the project
// (79 thousand numbers, trained with four supervision steps).

// %%
import { floorText, noiseCurve, think, show, summaryTable } from '../lib'

// %% tags=["parameters"]
let weights = 'sudoku-6x6'
let puzzles = 200
let depth = 16
let rollouts = 16
let noise = 0.5
let sigmas = [0.1, 0.3, 0.5, 0.7, 1]
let longest = 64

// %% [markdown]
// ## More depth
//
// One rollout without noise, up to 64 supervision steps, four times sixteen. Behind it, in grey, what
// others measured with public weights on Sudoku-Extreme: another data set and another model, for the
// direction only.

// %%
const deep = await think(weights, { depth: longest, puzzles })
show(deep.curve({ x: 'depth', reported: { series: 'depth.trm.alphaxiv' }, title: 'Exact accuracy by depth' }))

// %%
console.log(deep.facts.subset.name)
console.log(deep.numericFloor ? floorText(deep.numericFloor) : 'no numerical floor')

// %% [markdown]
// Depth alone is worth about ten points from four steps to sixteen, then nothing that 200 puzzles could
// show. The second line is the *numerical floor*: the share of puzzles whose answer after all these steps
// depends on the precision. A smaller difference between two numbers may be rounding alone.
//
// ## Noise and a selector
//
// Before each supervision step every element of z gets noise of N(0, σ²), the initial state included.
// Rollouts differ by their noise alone, and the same seed gives the same rollouts whatever the batch and
// the number of threads.

// %%
const recording = await think(weights, { depth, rollouts, noise, puzzles })
recording

// %% [markdown]
// `q` takes the rollout with the largest halting logit, `first` the first that would halt, `vote` the most
// frequent answer, `residual` the one whose logits move least, `margin` the one with the largest smallest
// margin, `verifier` any answer that keeps the rules; `oracle` takes a right one if there is any, and
// bounds them all. Gains are against one deterministic rollout of as many steps on the same puzzles, with
// the interval of the paired difference.

// %% [markdown]
// The halting head finds the right rollout wherever there is one: best q is as good as the oracle. The vote
// is behind it, as PTRM found on Sudoku, and so is the first rollout that would halt, for a sixth of the
// compute.

// %%
const chosen = recording.curve({
  x: 'rollouts',
  select: ['q', 'first', 'vote', 'oracle'],
  title: 'Exact accuracy by rollouts',
})
show(chosen)

// %% [markdown]
// ## Depth × rollouts
//
// One recording holds all smaller K and D.

// %%
show(recording.surface({ select: 'q' }))

// %%
show(recording.surface({ select: 'vote' }))

// %%
show(recording.surface({ select: 'oracle' }))

// %% [markdown]
// ## What it costs
//
// In multiply-accumulates per puzzle, which do not depend on the machine (a FLOP count is twice as large).
// The line without noise spends them on depth alone.

// %%
show(recording.curve({ x: 'macs', select: ['q', 'first'], title: 'Exact accuracy by compute' }))

// %%
const [one, best] = recording.summary({ select: 'q' })
const points = (100 * best!.gain!.value).toFixed(1)
console.log(`${points} points for ${(best!.macs! / one!.macs!).toFixed(0)} times the compute`)
console.log(`${(1000 * one!.seconds).toFixed(0)} ms a puzzle, then ${(1000 * best!.seconds).toFixed(0)} ms`)

// %% [markdown]
// ## How much noise
//
// Half as many rollouts for each σ, on half of the puzzles. In grey PTRM's sweep on Sudoku-Extreme (K = 25,
// D = 16), read off its figure 7.

// %%
const half = { rollouts: Math.ceil(rollouts / 2), puzzles: Math.ceil(puzzles / 2) }
const sweep = []
for (const sigma of sigmas)
  sweep.push(await think(weights, { ...half, depth, noise: sigma, floor: false, plain: false }))
const bySigma = noiseCurve(sweep, {
  select: ['q', 'vote', 'oracle'],
  reported: { series: 'ptrm.sudoku.sigma' },
  title: 'Exact accuracy by noise',
})
show(bySigma)

// %%
console.log(bySigma.caption())

// %% [markdown]
// Without enough noise the rollouts repeat the same mistakes. The published curves are of another model on
// harder puzzles with more rollouts: there best q falls from σ = 0.4 on, while the oracle does not.
//
// ## Mazes
//
// A maze has several shortest paths, and its label is one of them. So there are three numbers: exact, valid
// (a path from S to G), optimal (as short as the shortest).

// %%
const mazes = await think('maze-6x6', { ...half, depth: 4, noise: 1 })
show(summaryTable(mazes.summary({ select: ['q', 'vote', 'verifier', 'oracle'] })))

// %% [markdown]
// Here the halting head is little help: a right answer is among the rollouts far more often than best q or
// the vote find it, and only a verifier finds it. PTRM reports the same of Maze-Hard, where the oracle has
// 95.6 %, best q 85.2 % and the vote 86.7 %.
//
// **Exercise 1.** You may spend four times the compute of four supervision steps. More depth, or more rollouts?
//
// <details><summary>Solution</summary>
//
// Both are in the recording:
//
// ```ts
// show(summaryTable(recording.summary({ select: 'q', rollouts: 1, depth: 16 })))
// show(summaryTable(recording.summary({ select: 'q', rollouts: 4, depth: 4 })))
// ```
//
// Four rollouts of four steps solve 84.0 % of these 200 puzzles; one rollout without noise solves 82.5 % after sixteen steps and 73.0 % after four. The two ways are about equal here. At sixteen times the
// compute, 16 rollouts × 4 steps and 8 × 8 solve 92.5 % each, 4 × 16 90.0 %.
//
// </details>
//
// **Exercise 2.** On Sudokus the verifier, which sees no answer, is as good as the oracle. Would it be so on mazes?
//
// <details><summary>Solution</summary>
//
// A Sudoku has one solution, so an answer that keeps the rules and the clues is the right one. A maze has many valid paths and often several shortest ones, of which one is the label: there the
// verifier can be sure of a *valid* answer, not of the *exact* one. It is also a solver's knowledge: where answers can be checked, search without a model may be cheaper.
//
// </details>
