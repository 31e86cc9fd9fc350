import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type KernelClient, printed, resultOf, startKernel } from '../kernel-client.js'
import { root } from '../shared.js'

/** A copy of the project whose `lib` may be edited. */
const project = mkdtempSync(path.join(os.tmpdir(), 'recurlab-training-'))
let kernel: KernelClient

before(async () => {
  for (const name of ['lib', 'package.json', 'package-lock.json', 'tsconfig.json'])
    cpSync(path.join(root, name), path.join(project, name), { recursive: true })
  mkdirSync(path.join(project, 'notebooks'))
  mkdirSync(path.join(project, '.recurlab'))
  for (const name of ['node_modules', '.recurlab/native']) symlinkSync(path.join(root, name), path.join(project, name))
  kernel = await startKernel({ cwd: path.join(project, 'notebooks') })
  const { reply } = await kernel.execute(`import { loadRun, sudoku, train } from '../lib'
process.chdir(${JSON.stringify(project)})
const data = await sudoku({ clues: 6, train: 30, test: 10 })
const base = { hidden: 16, T: 1, n: 1, K: 2, batch: 8, trainSteps: 500, evalEvery: 250 }
const timeless = (id: string) => JSON.stringify(loadRun(id).metrics.map((row) => ({ ...row, trainSeconds: 0, trainCpuSeconds: 0, trainJoules: 0 })))`)
  assert.equal(reply.status, 'ok', JSON.stringify(reply))
})
after(async () => {
  await kernel?.close()
  rmSync(project, { recursive: true, force: true })
})

/** Runs a cell, and stops it when it shows a step that it has made, of so many. */
async function stopped(code: string, steps = 500): Promise<string> {
  const id = kernel.send('execute', { code, silent: false, store_history: true })
  await kernel.seen(
    ({ parent, content }) =>
      parent.msg_id === id && new RegExp(` [1-9]\\d*/${steps} steps`).test(JSON.stringify(content.data ?? '')),
  )
  await kernel.ask('interrupt', {}, 'control')
  const { reply } = await kernel.answer(id)
  assert.deepEqual([reply.status, reply.ename], ['error', 'Interrupted'], JSON.stringify(reply))
  return String(reply.evalue)
}

test('a cell that was stopped goes on, and runs to its end, when it is run again as its message says', async () => {
  const message = await stopped("const id = await train(base, data)\nconsole.log('the rest')")
  assert.match(
    message,
    /^stopped at step \d+ of 500, saved: run the cell again with \{ resume: true \} as the last argument of train$/,
  )
  const cell = "const again = await train(base, data, { resume: true })\nconsole.log('the rest')"
  const second = await stopped(cell)
  assert.match(second, /^stopped at step \d+ of 500, saved: run the cell again$/)
  const answer = await kernel.execute(cell)
  assert.equal(answer.reply.status, 'ok', JSON.stringify(answer.reply))
  assert.match(printed(answer), /the rest/)
  assert.equal(
    resultOf(await kernel.execute('timeless(again) === timeless(await train(base, data))')),
    'true',
    'bit for bit as one that was not stopped',
  )
})

test('a sweep by two processes that was stopped has saved all its runs, and the same cell goes on', async () => {
  await kernel.execute("import { sweep } from '../lib'")
  const cell = 'const runs = await sweep({ ...base, seed: 7 }, { lr: [1e-3, 1e-4] }, data, { workers: 2 })'
  const message = await stopped(cell, 1000)
  assert.match(message, /^stopped, saved: 2 runs: (2 interrupted|1 interrupted, 1 missing); run the cell again$/)
  const answer = await kernel.execute(cell)
  assert.equal(answer.reply.status, 'ok', JSON.stringify(answer.reply))
  assert.match(JSON.stringify(answer.published), /2 runs: 2 to train · 2 workers × 1 thread · /)
  assert.equal(resultOf(await kernel.execute('runs.coverage.text()')), "'2 runs: 2 done'")
  // The table of the runs was updated under the cell until all were done.
  const tables = answer.published
    .map(({ content }) => JSON.stringify(content.data ?? ''))
    .filter((text) => text.includes('seed 7') && text.includes('<table'))
  assert.match(tables[0]!, /interrupted|missing/)
  assert.match(tables.at(-1)!, /done/)
  assert.doesNotMatch(tables.at(-1)!, /interrupted|missing/)
})

test('a long sweep asks in the notebook, trains nothing without a yes, and is stopped while it asks', async () => {
  const cell = `await sweep({ ...base, trainSteps: 1e7 }, { seed: [20, 21] }, data, { workers: 2, askAbove: 0.1 })`
  const questions: string[] = []
  kernel.onInput(({ content }) => {
    questions.push(String(content.prompt))
    return 'n'
  })
  const refused = await kernel.execute(cell, { allow_stdin: true })
  assert.match(questions.join(), /^Train 2 runs in about \d.*\? \[y\/N\] $/)
  assert.match(String(refused.reply.evalue), /expected y, to start it, found "n"/)
  const asked = new Promise<void>((resolve) => kernel.onInput(() => void resolve()))
  const id = kernel.send('execute', { code: cell, allow_stdin: true })
  await asked
  await kernel.ask('interrupt', {}, 'control')
  const { reply } = await kernel.answer(id)
  assert.match(String(reply.evalue), /^stopped, saved: 2 runs: 2 missing; run the cell again$/)
})

test('after an edit of the model the same cell trains anew, and says which source differs', async () => {
  const short = '{ ...base, trainSteps: 3, seed: 1 }, data, { resume: true }'
  await kernel.execute(`const before = await train(${short})`)
  assert.equal(resultOf(await kernel.execute(`before === await train(${short})`)), 'true')
  appendFileSync(path.join(project, 'lib/recursion/trm.ts'), '\nexport const edited = true\n')
  const answer = await kernel.execute(`before === await train(${short})`)
  assert.equal(resultOf(answer), 'false', JSON.stringify(answer.reply))
  assert.match(
    JSON.stringify(answer.published.map(({ content }) => content)),
    /run \S+ was made by other code: lib\/recursion\/trm\.ts differs; it is trained anew/,
  )
})

test('an edit during a long cell does not pass for the code that runs in it', async () => {
  const file = path.join(project, 'lib/recursion/trm.ts')
  const answer = await kernel.execute(`import { appendFileSync, readFileSync } from 'node:fs'
const codeOf = (id: string) => JSON.parse(readFileSync(loadRun(id).dir + '/provenance.json', 'utf8')).code.hash
const one = codeOf(await train({ ...base, trainSteps: 2 }, data))
appendFileSync(${JSON.stringify(file)}, 'export const more = true\\n')
one === codeOf(await train({ ...base, trainSteps: 2 }, data))`)
  assert.equal(resultOf(answer), 'true', JSON.stringify(answer.reply))
  assert.equal(resultOf(await kernel.execute('one === codeOf(await train({ ...base, trainSteps: 2 }, data))')), 'false')
})
