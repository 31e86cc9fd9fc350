import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { listRuns } from '../lib/results/run.js'
import { root } from './shared.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-output-'))
after(() => rmSync(folder, { recursive: true, force: true }))

type Sink = 'read' | 'closed' | 'full' | 'none'

/** Runs a command whose standard output and error go to a pipe that is read, or closed at once, a full disk, or nowhere. */
function run(
  args: readonly string[],
  stdout: Sink,
  stderr: Sink = 'read',
): Promise<{ code: number | null; text: string }> {
  const target = (sink: Sink): 'pipe' | 'ignore' | number =>
    sink === 'full' ? openSync('/dev/full', 'w') : sink === 'none' ? 'ignore' : 'pipe'
  const child = spawn(process.execPath, [path.join(root, 'lib/cli/recurlab.mjs'), ...args], {
    cwd: folder,
    stdio: ['ignore', target(stdout), target(stderr)],
  })
  if (stdout === 'closed') child.stdout!.destroy()
  if (stderr === 'closed') child.stderr!.destroy()
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      text += chunk
    })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, text })))
}

const TINY = [
  ...['train', 'sudoku-pocket', 'T=1', 'n=1', 'hidden=16', 'heads=2', 'batch=8', 'K=2', 'trainPuzzles=20'],
  ...['testPuzzles=10', 'trainSteps=6', 'evalEvery=3'],
]
const skip = existsSync('/dev/full') ? false : 'there is no /dev/full'

const CASES: [stdout: Sink, stderr: Sink, code: number][] = [
  ['closed', 'read', 0],
  ['closed', 'closed', 0],
  ['none', 'none', 0],
  ['full', 'read', 1],
  ['full', 'full', 1],
  ['read', 'full', 0],
]
for (const [stdout, stderr, wanted] of CASES)
  test(`with standard output ${stdout} and standard error ${stderr}, training goes to its end and exits with ${wanted}`, {
    skip,
  }, async () => {
    const out = path.join(folder, `${stdout}-${stderr}`)
    const { code, text } = await run([...TINY, `out=${out}`], stdout, stderr)
    assert.equal(code, wanted, text)
    const [stored] = listRuns(out).runs
    assert.equal(stored?.state, 'finished')
    assert.equal(stored.status.step, 6)
    assert.doesNotMatch(text, /\n\s+at /)
    if (stdout === 'full' && stderr === 'read')
      assert.match(text, /no space left on device \(ENOSPC\)\. The work was completed/)
  })

test('eval stores what it was asked to store although nobody reads what it prints', { skip }, async () => {
  const [stored] = listRuns(path.join(folder, 'closed-read')).runs
  for (const [stdout, wanted] of [
    ['closed', 0],
    ['full', 1],
  ] as const) {
    const file = path.join(folder, `${stdout}.arrow`)
    const { code, text } = await run(['eval', stored!.dir, `outcomes=${file}`], stdout)
    assert.equal(code, wanted, text)
    assert.ok(existsSync(file))
  }
})

test('a command that only prints ends with 0 when its reader goes away, with one message on a full disk', {
  skip,
}, async () => {
  assert.equal((await run(['train', '--help'], 'closed')).code, 0)
  const { code, text } = await run(['runs'], 'full')
  assert.equal(code, 1)
  assert.match(text, /^recurlab: standard output: expected room for what is printed, found no space left.*\n$/)
})
