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
// # The Tiny Recursive Model by hand
//
// The model of *Less is More* ([arXiv 2510.04871](https://arxiv.org/abs/2510.04871)) in ten cells, in the order of the paper's section 4
// and its figure 3. Every name is the library's own: `train` and `evaluate` compute with the same functions. A cell may be run again as
// often as you like, with anything in it changed; the memory of what it replaces is freed.

// %%
import {
  createModel, curves, evaluate, haltTarget, loss, progress, refineAnswer, refineLatent, repeat, show, showPrediction,
  showPuzzle, sudoku, supervisionLoss, sweep, tf, trainer, trm,
} from '../lib'

// %% tags=["parameters"]
let trainSteps = 180
let evalEvery = 30

// %%
const data = await sudoku({ box: '2x2', clues: 5, train: 200, test: 300, seed: 0 })
const model = createModel({ mixer: 'mlp', hidden: 64, T: 3, n: 6, K: 8 }, data, { seed: 0 })
model

// %% [markdown]
// ## 1 · Embedding
//
// A batch of B = 64 puzzles becomes x, `[B, L, D]`: an embedding of every cell, before them one token that belongs to the puzzle itself, all times √D.

// %%
const batch = data.batch('train', { size: 64, seed: 0 })
const x = model.embed(batch)
showPuzzle(data, { example: batch.rows[0]!, version: batch.versions[0]! })
x

// %% [markdown]
// ## 2 · The network
//
// One tiny network does everything: `net(a, b, c)` is two blocks on a + b + c, each an MLP over the tokens and a SwiGLU over the channels, with a norm
// after each. The answer y and the latent z start as fixed random vectors, the same in every row. After the norm the mean square of each token is 1.

// %%
let { y, z } = model.start(batch)
const meanSquare = (h: tf.Tensor) => tf.mean(tf.square(h)).arraySync() as number
show(Object.entries({ x, 'y at the start': y, 'z at the start': z, 'net(z, y, x)': model.net(z, y, x) }).map(
  ([tensor, h]) => ({ tensor, shape: h.shape, 'mean square': meanSquare(h) }),
))

// %% [markdown]
// ## 3 · Latent recursion
//
// n = 6 times z ← net(z, y, x): the latent is refined with the question in sight. Then once y ← net(y, z): the answer is, without the question.

// %%
const latentRecursion = (y: tf.Tensor3D, z: tf.Tensor3D, n = 6) => {
  for (let i = 0; i < n; i++) z = model.net(z, y, x)
  return { y: model.net(y, z), z }
}
const once = latentRecursion(y, z)
once.y

// %% [markdown]
// ## 4 · Deep recursion
//
// T = 3 times the latent recursion: a supervision step. In training only the last of the three carries gradient, which is what `model` said above.
// How far y moves with each:

// %%
const moved: { recursion: number; 'mean change of y': number }[] = []
for (let recursion = 1; recursion <= 3; recursion++) {
  const next = latentRecursion(y, z)
  moved.push({ recursion, 'mean change of y': tf.mean(tf.abs(tf.sub(next.y, y))).arraySync() as number })
  ;({ y, z } = next)
}
show(moved)

// %% [markdown]
// ## 5 · Heads
//
// From y two heads read: logits for the token of every cell, and from the first token how much speaks for halting. Untrained, the answer is noise, and
// the bias of −5 says "do not halt".

// %%
const { logits, qHalt, qContinue } = model.heads(y)
const predictions = tf.argMax(logits, -1).arraySync() as number[][]
const version = batch.versions[0]!
showPrediction(data, { puzzle: batch.rows[0]!, prediction: predictions[0]! }, { split: 'train', version })
logits

// %% [markdown]
// ## 6 · Loss
//
// Stablemax cross-entropy of the tokens, and half the binary cross-entropy of halting. `loss(model, batch)` makes the same step with its gradients,
// here by the names of the weights.

// %%
const labels = tf.tensor2d(batch.labels, [batch.size, batch.seqLen], 'int32')
const byHand = supervisionLoss({ logits, qHalt, qContinue }, labels).total.arraySync() / batch.size
const { value, gradients } = loss(model, batch)
console.log(`by hand ${byHand.toFixed(6)}, loss(model, batch) ${value.toFixed(6)}`)
show(Object.entries(gradients).map(([weight, gradient]) => (
  { weight, shape: gradient.shape, 'norm of the gradient': tf.norm(gradient).arraySync() as number }
)))

// %% [markdown]
// ## 7 · Halting
//
// What q_halt should be is whether every cell of a row is right. In training a row that halts (q_halt > 0) makes room for a new puzzle, at the latest
// after K = 8 supervision steps; until then it goes on from its y and z.

// %%
const target = haltTarget(logits, labels).arraySync()
const probability = tf.sigmoid(qHalt).arraySync() as number[]
show(probability.slice(0, 4).map((p, row) => ({ row, 'halting probability': p, 'fully right': target[row]! })))

// %% [markdown]
// ## 8 · One step
//
// One supervision step with its update: AdamATan2, weight decay, then the exponential moving average of the weights.

// %%
const run = trainer(model, data, { lr: 2e-3, weightDecay: 0.1, ema: 0.98, batch: 64, trainSteps })
const { loss: total, lmLoss, haltLoss, lr } = run.step()
show([{ loss: total, 'of the tokens': lmLoss, 'of halting': haltLoss, lr }])

// %% [markdown]
// ## 9 · The loop
//
// The same step again and again; carry and halting are kept inside. `evaluate(run, data)` takes the averaged weights.

// %%
const points: { step: number; loss: number; 'exact accuracy (%)': number }[] = []
for (const _ of progress(trainSteps - 1)) {
  const { step, loss } = run.step()
  if (step % evalEvery !== 0) continue
  const { 'test.exact': exact } = await evaluate(run, data, { outcomes: false })
  points.push({ step, loss, 'exact accuracy (%)': 100 * (exact ?? NaN) })
}
show(points)
const [steps, exacts] = [points.map(({ step }) => step), points.map((point) => point['exact accuracy (%)'])]
show(curves([{ name: 'by hand', x: steps, y: exacts }], {
  title: 'Exact accuracy on 300 unseen Sudokus', x: 'optimiser step', y: 'exact accuracy (%)', range: [0, 100],
}))

// %% [markdown]
// ## 10 · One change of the recursion
//
// A recursion is a list of updates, and a hyperparameter like any other: here y is updated twice in each latent recursion. It runs on the same compiled
// kernels; the record of the run keeps it, so that `resume`, `eval` and `solve` need no code.

// %%
const twice = repeat(3, [...repeat(6, [refineLatent]), refineAnswer, refineAnswer])
const base = { mixer: 'mlp', hidden: 64, K: 8, batch: 64, lr: 2e-3, ema: 0.98, trainSteps, evalEvery } as const
const runs = await sweep(base, { recursion: { paper: trm(3, 6), 'y twice': twice } }, data)
show(runs.curves('test.exact'))
show(runs.table())

// %% [markdown]
// The network that was trained by hand, asked in another recursion than it was trained with (n = 6): more or fewer updates of z before each one of y.

// %%
const trained = run.evaluated
const asked = data.batch('test', { size: 150, seed: 1 })
const answers = tf.tensor2d(asked.labels, [asked.size, asked.seqLen], 'int32')
const exactWith = (n: number): number =>
  tf.tidy(() => {
    const x = trained.embed(asked)
    let { y, z } = model.start(asked)
    for (let step = 0; step < 8 * 3; step++) {
      for (let i = 0; i < n; i++) z = trained.net(z, y, x)
      y = trained.net(y, z)
    }
    return 100 * tf.mean(haltTarget(trained.heads(y).logits, answers)).dataSync()[0]!
  })
show([1, 2, 4, 6, 12].map((n) => ({ 'updates of z': n, 'exact accuracy (%)': exactWith(n) })))

// %% [markdown]
// ## Next
//
// - `run.save('mine.safetensors')` keeps everything; `trainer(model, data, { from: 'mine.safetensors' })` goes on bit for bit.
// - `train` makes the same weights with the same configuration, and stores the run; `sweep` compares several: `01-mlp-vs-attention.ipynb`.
//
// **Exercise 1.** Before training the loss of the tokens is 1.908 and that of halting 0.0067. Which numbers would you expect?
//
// <details><summary>Solution</summary>
//
// Of the tokens: there are six, so guessing each with the same probability costs ln 6 = 1.79; random logits are a little worse than equal ones. Of halting: the weights of the halting
// head start at 0 and its bias at −5, so each row halts with the probability 1/(1 + e⁵) = 0.0067, as the table of section 7 shows, and being sure of the right "no" costs
// ln(1 + e⁻⁵) = 0.0067. The loss of a step is the first and half of the second.
//
// </details>
//
// **Exercise 2.** The network is not told whether it is to refine z or to answer. How can it know?
//
// <details><summary>Solution</summary>
//
// By the question: x is added to the input of every update of z, and of no update of y (paper, section 4.3). So one network can learn both. What if x goes into both updates?
//
// ```ts
// import { type Update } from '../lib'
//
// const withQuestion: Update = ({ net }, x, { y, z }) => ({ y: net(y, z, x) })
// const both = repeat(3, [...repeat(6, [refineLatent]), withQuestion])
// const three = await sweep(base, { recursion: { paper: trm(3, 6), 'x in both': both }, seed: [0, 1, 2] }, data)
// show(three.compare('paper', 'x in both'))
// ```
//
// On these 4×4 Sudokus, after 180 steps, x in both is *better*, by 9.9 ± 2.7 points over three seeds (one thread, float32). The network tells its two tasks apart without help, and gains from the
// question. Whether that holds for harder puzzles and longer training, this does not say.
//
// </details>
