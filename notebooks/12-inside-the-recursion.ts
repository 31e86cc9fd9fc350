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
// # Inside the recursion
//
// This notebook measures a recursive model while it computes: the step at which it finds the answer, whether it keeps it, the motion of its latents, and the
// growth of a small perturbation. The definitions are those of *When recursive models finish computing* (2026) and of the papers named below; what none of them says is an option, and
// called ours.
//
// The weights are those of a 6×6 Sudoku that comes with the project (79 thousand numbers, trained with four supervision steps). They are far smaller than
// the published ones: expect other numbers, and see which of the findings survive.

// %%
import {
  datasetOf, look, parseConfig, perturbationGrowth, readWeightsFile,
  show, startRadius, startSlice, think,
} from '../lib'

// %% tags=["parameters"]
let weights = 'sudoku-6x6'
let puzzles = 300
let depth = 48
let probed = 100
let grid = 32

// %% [markdown]
// ## One recorded rollout of every puzzle
//
// Forty-eight supervision steps without noise, twelve times the trained depth. Everything down to *A label-free flag of failure* is a query over this
// recording. The data set adds the puzzles' ratings.

// %%
const { config } = await readWeightsFile(`data/weights/${weights}/weights.safetensors`)
const data = await datasetOf(parseConfig(config))
const recording = await think(weights, data, { depth, puzzles, floor: false })
const inside = recording.inside({ data })
inside

// %% [markdown]
// ## When puzzles are first solved
//
// τ is the first step whose answer is right: EARLY up to the trained depth, LATE beyond it, PERSISTENT never. More depth than in training solves more
// puzzles, as in the published models (there 16 steps, then 512).

// %%
show(inside.groupsFigure())

// %%
show(inside.firstSolved())

// %% [markdown]
// A rating here is the number of times that an exact solver has to take a guess back. With so few puzzles above 0 the intervals overlap: no conclusion.
//
// ## Right answers that are lost again
//
// The difference of the two upper lines.

// %%
show(inside.lostAgain())

// %% [markdown]
// ## Motion at the solving step
//
// All trajectories, aligned at r = t − τ. In the published models ‖Δy‖ is flat, spikes at the solving step of LATE puzzles (the largest so far in 99 % of
// them), then falls tenfold. Here it falls, but the spike is missing: the row *LATE with its largest ‖Δy‖ so far at τ* of the table above counts it.

// %%
show(inside.motion({ of: 'deltaY' }))

// %%
show(inside.motion({ of: 'deltaZ' }))

// %% [markdown]
// ## Is it a fixed point?
//
// HRM justifies its one-step gradient by a fixed point of z: R = ‖z_t − z_(t−1)‖ / ‖z_(t−1)‖ should be near 0 where the gradient is taken. At the trained depth
// hardly any puzzle is there; it comes many steps later.

// %%
show(inside.residuals())

// %% [markdown]
// Where z does settle, it need not be on the right answer. A puzzle has converged when its mean R over the last eight steps is below 0.05 times the mean
// first R ([arXiv 2609.11801](https://arxiv.org/abs/2609.11801)); a failure that has converged sits in a *wrong attractor*. On Sudoku-Extreme TRM has 11.7 % of
// its failures there.

// %%
const ends = inside.attractors({ window: Math.min(8, depth - 1) })
const { rightConverged, rightMoving, wrongConverged, wrongMoving } = ends
show([
  { answer: 'right', converged: rightConverged, 'still moving': rightMoving },
  { answer: 'wrong', converged: wrongConverged, 'still moving': wrongMoving },
])

// %% [markdown]
// ## A label-free flag of failure
//
// The last ‖Δz‖ tells failures from successes without labels, the better the fewer wrong attractors there are.

// %%
show(inside.failureFlag())

// %% [markdown]
// The halting head was trained to know; on these weights it is the better flag. In grey PTRM's TRM on pencil puzzles, right answers above and wrong ones
// below.

// %%
show(inside.halting({ reported: { series: 'ptrm.q' } }))

// %%
show(inside.calibrationFigure())

// %% [markdown]
// ## What a small change becomes
//
// A copy of the latents is moved by 10⁻⁴ of their norm, and runs beside the original: λ is the rate at which the distance grows per step. Below 0 the
// recursion contracts. Puzzles that are never solved contract less.

// %%
const growth = await perturbationGrowth(weights, data, {
  puzzles: probed, depth: Math.min(32, depth), stretch: true,
})
show(growth.figure())

// %% [markdown]
// γ_nat is the growth in the direction of the step just taken (by a finite difference), σ_max the growth in the worst direction (ten steps of the power
// method; Jᵀu by back-propagation, J v by central differences). As published, σ_max is above 1 even where the state is settled.

// %%
const median = (found: { readonly median: number } | null) =>
  found && Number(found.median.toPrecision(3))
show(growth.stretches().map(({ group, puzzles, gammaNat, sigmaMax }) => (
  { group, puzzles, 'median γ_nat': median(gammaNat), 'median σ_max': median(sigmaMax) }
)))

// %% [markdown]
// ## Random starts
//
// The initial latents plus ε N(0, 1). In grey, public weights on Sudoku-Extreme.

// %%
const radius = await startRadius(weights, data, { puzzles: 2 * probed })
show(radius.figure({ reported: { series: 'init-radius' } }))

// %% [markdown]
// ## A slice of initial states
//
// A random plane through the space of initial latents of a single puzzle, here one that the learned start never solves: how long each point takes to settle
// ([arXiv 2609.04963](https://arxiv.org/abs/2609.04963)), and which answer it ends with. On the right its null, the same points in permuted patches of 2 × 2: a claim about
// basins holds only for what the null does not show too.

// %%
const hard = inside.puzzles('PERSISTENT')[0] ?? 0
const slice = await startSlice(weights, data, { puzzle: hard, grid, depth: 16, extent: 2 })
show(slice.figure({ colour: 'answer' }))

// %%
show(slice.figure({ colour: 'settling' }))

// %%
const { measured, permuted } = slice.basins('answer')
const rounded = (value: number | null | undefined) =>
  value == null ? null : Number(value.toPrecision(3))
show((['basinEntropy', 'boundaryEntropy', 'uncertainty'] as const).map((measure) => ({
  measure,
  slice: rounded(measured[measure]),
  'null, low': rounded(permuted[measure]?.low),
  'null, high': rounded(permuted[measure]?.high),
})))

// %% [markdown]
// The learned start never finds the right answer of this puzzle, but among the starts of the plane no answer is more frequent: what a random start adds. The basin
// entropy lies far below the null's, so neighbouring starts do end alike. Whether the borders are fractal, a grid of this size cannot say (no
// uncertainty exponent: fewer than three distances are usable). And the paper would leave this slice out of a comparison:

// %%
slice.excluded

// %% [markdown]
// ## One puzzle, step by step
//
// A LATE puzzle in the player: the board after every step, what z and y decode to after every update, the halting probability, the changes of the latents, and
// the trajectory in a plane. The arrow keys step.

// %%
const late = inside.puzzles('LATE')[0] ?? 0
await look(weights, { split: 'test', example: late }, { data, depth: Math.min(12, depth) })

// %% [markdown]
// ## Exercises
//
// **Exercise 1.** A puzzle is solved at step 3, wrong again at step 10 and right from step 20 on. To which group does it belong, trained with four steps?
//
// <details><summary>Solution</summary>
//
// EARLY: τ is the *first* step with the right answer, here 3, which lies within the trained depth. That it is lost for a while shows in the difference of the two lines of *Right answers that are lost
// again*, not in its group.
//
// </details>
//
// **Exercise 2.** A perturbation shrinks with λ = −0.1 a step. After how many steps is it half as large, and how much is left of it after 48?
//
// <details><summary>Solution</summary>
//
// λ is the natural logarithm of the growth per step, so the distance is multiplied by e^λ = 0.905 in each: half after ln 2 / 0.1 = 7 steps, and e^−4.8 = 0.8 % after 48. In float32 that is far above
// rounding, so such a recursion has not settled yet.
//
// </details>
