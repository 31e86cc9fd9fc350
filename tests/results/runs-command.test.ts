import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { newRun, temporaryFolder } from './fixture.js'

const program = fileURLToPath(new URL('../../lib/cli/recurlab.mjs', import.meta.url))

/** Runs a command line as a user does. */
function recurlab(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...argv], (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err })
    })
  })
}

test('without runs it says how to make one', async () => {
  const folder = temporaryFolder()
  const { code, out } = await recurlab('runs', `out=${folder}`)
  assert.equal(code, 0)
  assert.match(out, /^No runs in .*\. Make one: recurlab train sudoku-pocket out=/)
  assert.equal((await recurlab('runs', '--json', `out=${folder}`)).out, '[]\n')
})

test('runs are compared by what differs, chosen by the beginning of an ID, printed as JSON', async () => {
  const folder = temporaryFolder()
  const runs = ['mlp', 'attention'].map((mixer) => newRun(folder, { mixer, lr: 1 }))
  runs.forEach((run, i) => {
    run.logEvaluation({ step: 3, 'test.exact': i / 3 })
    run.finish('finished')
  })
  const { code, out } = await recurlab('runs', `out=${folder}`)
  assert.equal(code, 0)
  assert.match(out, /^id +state +mixer +parameters +step +test\.exact/)
  assert.match(out, /finished +attention +– +3 +0\.3333/)
  const chosen = await recurlab('runs', runs[1]!.id, '--json', `out=${folder}`)
  const [row, ...more] = JSON.parse(chosen.out) as Record<string, unknown>[]
  assert.equal(row?.id, runs[1]!.id)
  assert.equal(row['test.exact'], 1 / 3)
  assert.equal(more.length, 0)
})

test('an unknown run is one error and wrong use', async () => {
  const folder = temporaryFolder()
  const { id } = newRun(folder)
  const { code, out, err } = await recurlab('runs', 'nosuch', `out=${folder}`)
  assert.equal(code, 2)
  assert.equal(out, '')
  assert.match(err, new RegExp(`^recurlab: .*expected a run "nosuch", found ${id}\\. .*\\n$`))
})

test('a misspelt key names the right one', async () => {
  const { code, err } = await recurlab('runs', 'ouf=x')
  assert.equal(code, 2)
  assert.match(err, /out/)
})

test('damaged runs are named, the others shown, and the command fails', async () => {
  const folder = temporaryFolder()
  const whole = newRun(folder)
  const [noConfig, noRows] = [newRun(folder), newRun(folder)]
  rmSync(path.join(noConfig.dir, 'config.json'))
  writeFileSync(path.join(noRows.dir, 'evaluations.arrow'), 'ARROW1 and nothing')
  const { code, out, err } = await recurlab('runs', `out=${folder}`)
  assert.equal(code, 1)
  assert.match(out, new RegExp(whole.id))
  for (const { id } of [noConfig, noRows]) assert.match(err, new RegExp(`run ${id} cannot be read: `))
  assert.equal(err.trim().split('\n').length, 2)
})
