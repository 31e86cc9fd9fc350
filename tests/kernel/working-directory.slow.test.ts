import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { type Answer, type KernelClient, resultOf, startKernel } from '../kernel-client.js'
import { recurlab } from '../recurlab.js'
import { root } from '../shared.js'

const project = path.resolve(root)
const data = path.join('data', `working-directory-${process.pid}`)
const made: string[] = [path.join(project, data)]
let folder: string
let kernel: KernelClient
before(async () => {
  folder = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'recurlab-cwd-')))
  writeFileSync(path.join(folder, 'numbers.csv'), 'a\n1\n')
  kernel = await startKernel({ cwd: folder })
})
after(async () => {
  await kernel.close()
  for (const place of [folder, ...made]) rmSync(place, { recursive: true, force: true })
})

/** The result of a cell that has to go well. */
async function value(client: KernelClient, code: string): Promise<string> {
  const answer: Answer = await client.execute(code)
  assert.equal(answer.reply.status, 'ok', JSON.stringify(answer.reply.traceback))
  return String(resultOf(answer)).replace(/^'|'$/g, '')
}

test("cells, and the processes that they start, run in the notebook's folder", async () => {
  assert.equal(await value(kernel, 'process.cwd()'), folder)
  assert.equal(
    await value(kernel, `import { readFileSync } from 'node:fs'; readFileSync('numbers.csv', 'utf8')`),
    'a\\n1\\n',
  )
  assert.equal(
    await value(kernel, `import { execSync } from 'node:child_process'; execSync('pwd; echo $PWD').toString()`),
    `${folder}\\n${folder}\\n`,
  )
  await value(kernel, `import { writeFileSync } from 'node:fs'; writeFileSync('mine.txt', 'x'); import.meta.dirname`)
  assert.ok(existsSync(path.join(folder, 'mine.txt')))
})

test("runs of a notebook and of the command line find each other's results and data", async () => {
  const notebook = await startKernel()
  try {
    const small = `hidden: 16, heads: 2, batch: 8, T: 1, n: 1, K: 2, trainSteps: 1, evalEvery: 1`
    await value(
      notebook,
      `import { datasetOf, evaluateRun, loadRun, parseConfig, saveDataset, sudoku, train } from '../lib'
saveDataset(await sudoku({ train: 20, test: 5 }), '../${data}')`,
    )
    assert.ok(existsSync(path.join(project, data, 'manifest.json')))
    const id = await value(
      notebook,
      `const config = { data: '../${data}', ${small} }; await train(config, await datasetOf(parseConfig(config)))`,
    )
    made.push(path.join(project, 'results', 'runs', id))
    assert.ok(existsSync(made.at(-1)!), 'the default folder is the one of the project')
    await value(notebook, `import { sweep } from '../lib'`)
    for (const workers of [1, 2]) {
      const call = `sweep(config, { seed: [1, 2] }, { resume: false, workers: ${workers} })`
      const places = await value(
        notebook,
        `const { all, coverage } = await ${call}; [...all, coverage.plan].map(({ dir }) => dir).join()`,
      )
      made.push(...places.split(','))
      for (const dir of made.slice(-3)) assert.ok(dir.startsWith(path.join(project, 'results')) && existsSync(dir), dir)
    }
    const config = JSON.parse(readFileSync(path.join(made[1]!, 'config.json'), 'utf8')) as {
      resolved: { data: { data: string } }
    }
    assert.equal(config.resolved.data.data, data)
    const evaluated = await recurlab(['eval', id, '--json'])
    assert.equal(evaluated.code, 0, evaluated.stderr)

    const keys = small.replaceAll(': ', '=').split(', ')
    const trained = await recurlab(['train', 'sudoku-pocket', `data=${data}`, ...keys, '--json'])
    assert.equal(trained.code, 0, trained.stderr)
    const { run } = JSON.parse(trained.stdout.trim().split('\n').at(-1)!) as { run: string }
    made.push(path.join(project, 'results', 'runs', run))
    assert.equal(await value(notebook, `loadRun('${run}').id`), run)
    assert.equal(await value(notebook, `(await evaluateRun('${run}')).data.manifest.task`), 'sudoku')
    assert.equal(await value(notebook, `(await evaluateRun('results/runs/${run}')).id`), run)
    assert.equal(await value(notebook, `(await datasetOf(parseConfig({ data: '${data}' }))).manifest.task`), 'sudoku')
    assert.ok(!existsSync(path.join(project, 'notebooks', 'results')))
  } finally {
    await notebook.close()
  }
})
