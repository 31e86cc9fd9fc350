import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type Answer, type KernelClient, resultOf, startKernel } from '../kernel-client.js'
import { root } from '../shared.js'

/** The cells of the design, with the library by its path. */
const MODEL = `import { createModel, evaluate, loss, memory, progress, show, sudoku, tf, trainer } from '../lib'
const data = await sudoku({ box: '2x2', clues: 5, train: 200, test: 300, seed: 0 })
const model = createModel({ mixer: 'mlp', hidden: 64, T: 3, n: 6, K: 8 }, data, { seed: 0 })
model`
const BY_HAND = `const batch = data.batch('train', { size: 64, seed: 0 })
const x = model.embed(batch)
let { y, z } = model.start(batch)
for (let i = 0; i < 6; i++) z = model.net(z, y, x)
y = model.net(y, z)
const { logits, qHalt } = model.heads(y)`
const LOSS = 'const { value, gradients } = loss(model, batch)'
const TRAIN = `const run = trainer(model, data, { lr: 1e-3, weightDecay: 0.1, ema: 0.99, batch: 64 })
for (const step of progress(4)) {
  const { loss } = run.step()
  if (step % 50 === 0) show(await evaluate(run, data, { supervisionSteps: 1 }))
}`

let kernel: KernelClient
let folder = ''
before(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-lab-'))
  kernel = await startKernel({ cwd: path.join(root, 'notebooks') })
})
after(async () => {
  await kernel?.close()
  rmSync(folder, { recursive: true, force: true })
})

async function ok(code: string): Promise<Answer> {
  const answer = await kernel.execute(code)
  assert.equal(answer.reply.status, 'ok', `${code}\n${JSON.stringify(answer.reply)}`)
  return answer
}

async function tensors(): Promise<number> {
  return Number(resultOf(await ok('memory().tensors')))
}

test('a cell that ends in a model shows its recursion, its weights and what a step costs', async () => {
  const { published } = await ok(MODEL)
  const shown = published.find(({ header }) => header.msg_type === 'execute_result')
  const { 'text/html': html, 'text/plain': text } = shown!.content.data as Record<string, string>
  for (const form of [html!, text!]) {
    assert.match(form, /3 times:\n {2}6 times:\n {4}z ← net\(z \+ y \+ x\)\n {2}y ← net\(y \+ z\)/)
    assert.match(form, /L_level\.layers\.1\.mlp\.down_proj\.weight/)
    assert.match(form, /125,378 parameters/)
    assert.match(form, /70,195,328 MACs of a supervision step/)
  }
  assert.match(html!, /<table class="recurlab-table mathjax_ignore">/)
})

test('the cells of the design run as they stand', async () => {
  for (const cell of [BY_HAND, LOSS, TRAIN]) await ok(cell)
  assert.equal(
    resultOf(await ok("[x.shape, logits.shape, qHalt.shape, Object.keys(gradients).length].join(' ')")),
    "'64,17,64 64,16,6 64 12'",
  )
})

test('what a rerun of a cell replaces is freed: after 20 reruns no more tensors are alive than after the first', async () => {
  for (const [cell, times] of [
    [BY_HAND, 20],
    [LOSS, 20],
    [TRAIN, 3],
    [MODEL, 3],
  ] as const) {
    await ok(cell)
    const before = await tensors()
    for (let time = 0; time < times; time++) await ok(cell)
    const after = await tensors()
    // Fewer where those of an earlier cell were still to be collected.
    assert.ok(after <= before, `${cell}: ${before} before, ${after} after`)
  }
})

test('a loop of steps that is stopped goes on in the next cell, bit for bit as one that was not', async () => {
  await ok(`const config = { hidden: 32, T: 2, n: 2, K: 3 }
const stopped = trainer(createModel(config, data), data)
stopped.step()`)
  const id = kernel.send('execute', {
    code: 'for (const step of progress(100_000)) stopped.step()',
    silent: false,
    store_history: true,
  })
  await kernel.seen(
    ({ parent, content }) => parent.msg_id === id && / [1-9]\d*\/100,?000/.test(JSON.stringify(content.data ?? '')),
  )
  await kernel.ask('interrupt', {}, 'control')
  const { reply } = await kernel.answer(id)
  assert.deepEqual([reply.status, reply.ename], ['error', 'Interrupted'], JSON.stringify(reply))
  const { published } = await ok(`const whole = trainer(createModel(config, data), data)
while (whole.state.step < stopped.state.step) whole.step()
const [a, b] = [whole.step(), stopped.step()]
a.step > 2 && a.loss === b.loss && a.lmLoss === b.lmLoss`)
  assert.equal(resultOf({ reply, published }), 'true')
})

test('a tensor that anything still refers to is not freed', async () => {
  await ok(`const kept = { inside: [tf.ones([3])] }
const read = (() => { const hidden = tf.fill([2], 7); return () => hidden.dataSync().join() })()
const map = new Map([['a', tf.fill([2], 5)]])`)
  await ok('let other = tf.zeros([2]); other = tf.ones([2])')
  await ok('other = tf.zeros([2])')
  assert.equal(
    resultOf(await ok("kept.inside[0]!.dataSync().join() + ' ' + read() + ' ' + map.get('a')!.dataSync().join()")),
    "'1,1,1 7,7 5,5'",
  )
})

test('a wrong name is a type error that says what was meant, before anything runs', async () => {
  for (const [code, error] of [
    ['createModel({ hiden: 64 }, data)', /'hiden' does not exist.*Did you mean to write 'hidden'/],
    ["createModel({ mixer: 'mpl' }, data)", /Type '"mpl"' is not assignable/],
    ['model.haeds(y)', /Property 'haeds' does not exist.*Did you mean 'heads'/],
    ['trainer(model, data, { hidden: 32 })', /'hidden' does not exist/],
    ['run.step().los', /Property 'los' does not exist.*Did you mean 'loss'/],
    ["data.batch('tset')", /Argument of type '"tset"' is not assignable/],
    ['const { w } = model.start(batch)', /Property 'w' does not exist/],
    ["const { y: answer } = createModel({ latents: 'single' }, data).start(batch)", /Property 'y' does not exist/],
  ] as const) {
    const { reply } = await kernel.execute(code)
    assert.equal(reply.status, 'error', code)
    assert.match(
      `${reply.ename}: ${reply.evalue}\n${(reply.traceback as string[]).join('\n')}`.replaceAll('\n', ' '),
      error,
      code,
    )
  }
})

test('a tensor of a wrong shape is one sentence, with the shapes expected and found', async () => {
  const { reply } = await kernel.execute('model.net(z, tf.zeros([64, 16, 64]), x)')
  assert.equal(reply.evalue, 'model.net, b: expected a tensor of shape [64, 17, 64], found [64, 16, 64].')
})
