import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { listRuns } from '../lib/results/run.js'
import { recurlab } from './recurlab.js'
import { root, tsx } from './shared.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-signals-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const LONG = [
  ...['train', 'sudoku-pocket', 'T=1', 'n=1', 'hidden=16', 'heads=2', 'batch=8', 'K=2', 'trainPuzzles=20'],
  ...['testPuzzles=10', 'trainSteps=100000', 'evalEvery=10', 'checkpointEvery=100000'],
]

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const)
  test(`${signal} saves what was trained, ends with 75 and opens no debugger`, async () => {
    const out = path.join(folder, signal)
    let sent = false
    const { code, stderr } = await recurlab([...LONG, `out=${out}`], {
      watch: (text, kill) => {
        if (sent || !/\nstep 10:/.test(text)) return
        sent = true
        setTimeout(() => kill(signal), 300)
      },
    })
    assert.equal(code, 75, stderr)
    assert.match(stderr, /Stopping after this step.*\nStopped and saved\. To continue: npx recurlab resume/)
    assert.doesNotMatch(stderr, /Debugger/)
    const [run] = listRuns(out).runs
    assert.equal(run?.state, 'interrupted')
    assert.ok(run.status.checkpoint! >= 10)
    assert.equal(run.status.checkpoint, run.status.step)
  })

const python = spawnSync('python3', ['--version']).status === 0 ? 'python3' : null
/** Runs a command in a terminal of its own, closes it when the command has said `run`, and prints how the command ended. */
const IN_TERMINAL = `
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
said = b''
while b'run 2' not in said: said += os.read(terminal, 4096)
end = time.time() + 2
while time.time() < end: os.read(terminal, 4096)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`

test('a terminal that is closed saves what was trained, though nothing can be printed any more', {
  skip: python === null && 'there is no python3',
}, async () => {
  const out = path.join(folder, 'terminal')
  const args = ['-c', IN_TERMINAL, process.execPath, path.join(root, 'lib/cli/recurlab.mjs'), ...LONG, `out=${out}`]
  const child = spawn(python!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  await once(child, 'close')
  assert.equal(said.trim(), '75')
  const [run] = listRuns(out).runs
  assert.equal(run?.status.state, 'interrupted')
})

test('SIGUSR1 ends a command that has nothing to save, and opens no debugger', async () => {
  const child = spawn(process.execPath, [
    path.join(root, 'lib/cli/recurlab.mjs'),
    'bench',
    'memory',
    'trainSteps=100000',
  ])
  let stderr = ''
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  setTimeout(() => child.kill('SIGUSR1'), 2000)
  const [code] = await once(child, 'close')
  assert.equal(code, 138)
  assert.doesNotMatch(stderr, /Debugger/)
})

/** A process that works until it is stopped, and prints what it hears; its signals are those of the command from its first line on. */
function worker(): ChildProcess {
  const [first, file] = ['signals.mjs', 'interrupt.ts'].map((name) => path.join(root, 'lib/cli', name))
  const code = `
    import ${JSON.stringify(first)}
    import { abortOnInterrupt } from ${JSON.stringify(file)}
    const { signal, by } = abortOnInterrupt()
    signal.addEventListener('abort', () => console.log('told by', by()))
    setInterval(() => {}, 1000)
    console.log('ready')`
  const args = ['--import', tsx, '--input-type=module', '-e', code]
  return spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function heard(child: ChildProcess, text: string): Promise<void> {
  for await (const chunk of child.stdout!.iterator({ destroyOnReturn: false })) if (String(chunk).includes(text)) return
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

test('a Ctrl-C that npm passes on a second time is one; another one ends the process at once', async () => {
  const child = worker()
  await heard(child, 'ready')
  child.kill('SIGINT')
  child.kill('SIGINT')
  await heard(child, 'told by SIGINT')
  await pause(50)
  child.kill('SIGINT')
  await pause(600)
  assert.equal(child.signalCode, null)
  child.kill('SIGINT')
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGINT')
})

test('signals that come after the first do not cut the saving short, Ctrl-C does', async () => {
  const child = worker()
  await heard(child, 'ready')
  child.kill('SIGHUP')
  await heard(child, 'told by SIGHUP')
  for (const signal of ['SIGHUP', 'SIGTERM', 'SIGXCPU', 'SIGUSR1'] as const) child.kill(signal)
  await pause(600)
  assert.equal(child.exitCode ?? child.signalCode, null)
  child.kill('SIGINT')
  const [, signal] = await once(child, 'exit')
  assert.equal(signal, 'SIGINT')
})
