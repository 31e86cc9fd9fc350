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
// # Deep supervision, and when to stop
//
// **Questions.** A TRM takes several supervision steps on a puzzle, each with its own loss, and carries y and z from one to the next.
// How many more puzzles does that solve? And how does the model learn when a puzzle is done?
//
// **In the paper** ([arXiv 2510.04871](https://arxiv.org/abs/2510.04871), section 4.6 and Table 1, Sudoku-Extreme): up to 16 supervision steps.
// HRM learns to halt by Q-learning, which takes a second forward pass at every step; TRM learns one probability, that the answer is right,
// and drops the second pass: 87.4 % without it, 86.1 % with it.
//
// **Here** 6×6 and 4×4 Sudokus, five seeds, ten minutes on two cores.

// %%
import {
  type Claim, type ConfigInput, evaluateRun, judge, reportedSudoku, saveFigure,
  saveTable, show, sudoku, sweep,
} from '../lib'

// %% tags=["parameters"]
let seeds = [0, 1, 2, 3, 4]
let trainSteps = 300
let haltingSteps = 240
let evalEvery = 60
let trainPuzzles = 1000
let testPuzzles = 200
let hidden = 64
let lr = 2e-3
let ema = 0.98

// %%
const shared: ConfigInput = {
  mixer: 'mlp', hidden, heads: 4, puzzleTokens: 1, batch: 64, lr, weightDecay: 0.1, ema, evalEvery,
}

// %% [markdown]
// ## Deep supervision by itself
//
// A batch has 64 places. With K = 1 each optimiser step puts 64 new puzzles there. With K = 4 a puzzle stays for four steps, and the network goes on from
// the y and z that it left; each step has the loss of its own answer, and no gradient passes from one step to the one before. So **a step costs the
// same**, and a run with K = 4 sees a quarter of the puzzles.
//
// The model is as shallow as it gets: T = n = 1 of one layer, two layers in a step. Halting is off: every puzzle takes K steps, in training and in evaluation.

// %%
const six = await sudoku({ box: [2, 3], clues: 12, train: trainPuzzles, test: testPuzzles, seed: 0 })
const claimsOnDepth: Claim[] = [
  {
    claim: 'Four supervision steps solve more than one, at the same cost of training',
    better: { K: 4 }, than: { K: 1 },
    by: 10,
  },
]

// %%
const shallow: ConfigInput = { ...shared, layers: 1, T: 1, n: 1, halting: 'none', trainSteps }
const byK = await sweep(shallow, { K: [1, 4, 8], seed: seeds }, six)

// %%
show(byK.summary('test.exact'))

// %%
show(byK.curves('test.exact', { x: 'macs', title: 'Puzzles solved over the compute of training' }))

// %% [markdown]
// With one step the model is two layers deep and solves next to nothing. With four it solves a third of the test puzzles, for the same compute and out of a quarter as
// many training puzzles; eight give no more here. The ARC Prize's analysis of HRM found the same: most of the gain comes from this outer loop.
//
// ## Three ways to halt
//
// On 4×4 Sudokus with T = n = 2, two layers and K = 8, as in `01-mlp-vs-attention`:
//
// - `halt`: one logit, trained to say whether the answer is right; a puzzle halts when it is positive (TRM).
// - `continue`: two logits, Q-learning: the value of going on is that of the next step, which has to be computed (HRM, "with ACT").
// - `none`: every puzzle takes K steps.
//
// The claims are written before the runs; that the paper's 1.3 points between the first two show is not expected, since seeds differ by more.
//
// With a probability of 0.1 (`haltExploration`) a puzzle must go on for a random number of steps in training, so that the model sees what comes later.

// %%
const four = await sudoku({ box: [2, 2], clues: 5, train: 200, test: 300, seed: 0 })
const claims: Claim[] = [
  {
    claim: 'One logit solves more than Q-learning',
    better: { halting: 'halt' }, than: { halting: 'continue' },
    reported: [reportedSudoku.trm, reportedSudoku.continueLoss], expected: 'undecided',
  },
  {
    claim: 'Halting solves more than taking K steps always',
    better: { halting: 'halt' }, than: { halting: 'none' },
  },
]

// %%
const deep: ConfigInput = { ...shared, layers: 2, T: 2, n: 2, K: 8, trainSteps: haltingSteps }
const ways = await sweep(deep, { halting: ['halt', 'continue', 'none'], seed: seeds }, four)

// %%
show(ways.summary('test.exact'))

// %%
show(ways.curves('supervisionSteps', {
  title: 'Supervision steps that a puzzle takes in training',
  y: 'supervision steps',
}))

// %% [markdown]
// Once the head knows what is solved, puzzles leave early, and their places go to new ones. That is what halting is for in training: it
// does not make a step cheaper, it makes a run see more puzzles. The second pass of `continue` shows in the compute of the same number of steps:

// %%
const cost = ways.summary('trainMacs').rows.map(({ label, last }) => (
  { halting: label, 'training (TMAC)': last!.value / 1e12 }
))
show(cost)

// %% [markdown]
// ## Halting at evaluation
//
// The paper evaluates with all K steps. A trained head can also end a puzzle there. EMA weights, the five runs that learned to halt:

// %%
const halting = ways.all.filter(({ config }) => (config.halting ?? 'halt') === 'halt')
const rows = []
for (const { id, config } of halting)
  for (const halt of [false, true]) {
    const { evaluation } = await evaluateRun(id, { halt })
    const { 'test.exact': exact, supervisionSteps } = evaluation
    rows.push({ seed: config.seed, halt, 'exact accuracy (%)': 100 * exact!, 'supervision steps': supervisionSteps })
  }
show(rows)

// %% [markdown]
// A trained head ends nearly every puzzle after its first step: an eighth of the compute, and an accuracy within a few points of that of all eight steps, on
// either side of it. 4×4 Sudokus are easy enough for one step; on harder ones the same table says how many are needed.

// %%
const figure = ways.bars('test.exact', {}, {
  title: 'Three ways to halt, exact accuracy',
  y: 'exact accuracy (%)',
})
show(figure)

// %%
console.log(await saveFigure(figure, '07-halting.svg'))
console.log(saveTable(ways.table(), '07-halting.arrow'))

// %% [markdown]
// ## Verdicts

// %%
const judged = [['depth', judge(byK, claimsOnDepth)], ['halting', judge(ways, claims)]] as const
for (const [name, verdicts] of judged) {
  show(verdicts)
  console.log(saveTable(verdicts.table(), `07-${name}.verdicts.arrow`))
  console.log(verdicts.check())
}

// %% [markdown]
// ## Change this
//
// - `haltExploration: 0` in the second sweep: does the head still know?
// - More steps at evaluation than in training: `11-thinking-longer`.
//
// **Exercise 1.** How deep in layers is an answer of the first sweep's models with K = 1, 4 and 8, and how many puzzles has each run seen?
//
// <details><summary>Solution</summary>
//
// T(n + 1) = 2 applications of one layer in a supervision step: 2, 8 and 16 layers. Halting is off, so a puzzle keeps its place for exactly K steps: 300 steps of 64 places are 19,200, 4,800
// and (with the last ones unfinished) 2,432 puzzles: a new batch after every eighth step is 38 batches of 64.
//
// </details>
//
// **Exercise 2.** Does the head still know when a puzzle is done if training never makes one go on (`haltExploration: 0`)?
//
// <details><summary>Solution</summary>
//
// ```ts
// const explored = await sweep(
//   { ...shared, layers: 2, T: 2, n: 2, K: 8, trainSteps: haltingSteps, halting: 'halt' },
//   { haltExploration: [0.1, 0], seed: seeds },
//   four,
// )
// show(explored.summary('test.haltAccuracy'))
// show(explored.summary('test.exact'))
// ```
//
// `test.haltAccuracy` is the share of test puzzles for which the head is right about the answer after the last step. Look at both: a head that says "not solved" of everything is right wherever nothing is solved.
//
// </details>
