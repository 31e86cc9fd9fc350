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
// # Turning the knobs by hand
//
// A panel of controls for the hyperparameters of *Less is More* ([arXiv 2510.04871](https://arxiv.org/abs/2510.04871)), a training run
// with what the panel says, and the runs so far beside each other. Change something, run the training cell again, look again.

// %%
import {
  configSchema, evaluateRun, type FinishedRun, loadRun, progress, Runs, show, sudoku,
  train, ui,
} from '../lib'

// %% tags=["parameters"]
let trainSteps = 180
let evalEvery = 30

// %%
const data = await sudoku({ box: [2, 2], clues: 5, train: 200, test: 300, seed: 0 })

// %% [markdown]
// ## The panel
//
// It is made from the configuration's schema: limits, defaults and explanations (rest the mouse on a name) are those of the command
// line. What does not fit together is said below the panel and not taken over. `panel.value` is a whole, checked configuration.

// %%
const panel = ui.controls(configSchema, {
  keys: ['mixer', 'layers', 'T', 'n', 'lr', 'ema', 'seed'],
  initial: {
    hidden: 64, heads: 4, T: 2, n: 2, K: 8, puzzleTokens: 1,
    batch: 64, lr: 2e-3, weightDecay: 0.1, ema: 0.98,
  },
})
panel

// %% [markdown]
// ## Training
//
// Run this cell again after each change. The stop button ends the training step, saves, and says how to go on; a function changed in
// `lib` is used from the next run on, and what is in memory stays.

// %%
const tried: FinishedRun[] = []

// %%
const id = await train({ ...panel.value, trainSteps, evalEvery }, data)
tried.push(loadRun(id))
const runs = new Runs(tried)
show(runs.table())
show(runs.curves('test.cells', { title: 'Cells right, every run so far' }))

// %% [markdown]
// ## How many supervision steps does it need?
//
// The last run, evaluated with fewer supervision steps than it was trained with (paper, section 4.6: all of them at test time). A loop of
// your own shows its progress in the same way as training.

// %%
const needed: Record<string, number>[] = []
for (const K of progress([1, 2, 4, 8], { unit: 'evaluations' })) {
  const { evaluation } = await evaluateRun(id, { data, supervisionSteps: K, outcomes: false })
  const { 'test.exact': exact, 'test.cells': cells } = evaluation
  needed.push({
    'supervision steps': K,
    'exact accuracy (%)': 100 * (exact ?? NaN),
    'cell accuracy (%)': 100 * (cells ?? NaN),
  })
}
show(needed)

// %% [markdown]
// ## Next
//
// - Compare in earnest, with several seeds: `sweep` in `01-mlp-vs-attention.ipynb`.
// - `ui.slider`, `ui.dropdown`, `ui.checkbox`, `ui.button` and the others make a panel of your own; `ui.row` and `ui.column` arrange them.
//
// **Exercise 1.** Set `ema` to 0.999 and train again. What does the table say, and why?
//
// <details><summary>Solution</summary>
//
// Exact accuracy stays at 0 %: the averaged weights are evaluated, and after 180 steps 0.999¹⁸⁰ = 84 % of the average is still the random weights of step 0. The loss, which is that of the live weights, falls as
// before. `08-ema` is about this.
//
// </details>
//
// **Exercise 2.** Make a slider for the supervision steps of an evaluation.
//
// <details><summary>Solution</summary>
//
// In a cell:
//
// ```ts
// const steps = ui.slider({ min: 1, max: 16, value: 8 })
// steps
// ```
//
// and in the next, which is run again after each move (more steps than in training are allowed, too):
//
// ```ts
// const { evaluation: moved } = await evaluateRun(id, { data, supervisionSteps: steps.value, outcomes: false })
// console.log(`${steps.value} supervision steps: ${(100 * moved['test.exact']!).toFixed(1)} %`)
// ```
//
// </details>
