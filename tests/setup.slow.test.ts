import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bareCheckout, pathWithNodeOnly, root, runNode, setupModule, temporaryFolder } from './setup-helpers.js'

const { nodeIsFit } = await setupModule<{ nodeIsFit(version: string): boolean }>('node-versions')
const stamp = await setupModule<{
  keyOf(inputs: Record<string, string | number | Uint8Array>): string
  readJson(file: string): Record<string, unknown> | null
  writeJson(file: string, value: unknown): void
}>('stamp')
const { requirementsIn, placeOf } = await setupModule<{
  requirementsIn(text: string): string[]
  placeOf(name: string): string | null
}>('libtensorflow')

test('Node is fit from 20.19, 22.12 and 24.0 on', () => {
  for (const version of ['20.19.0', '20.20.2', '22.12.0', '22.20.1', '24.0.0', '25.1.0'])
    assert.equal(nodeIsFit(version), true, version)
  for (const version of ['18.20.0', '20.18.9', '21.7.0', '22.11.0', '23.5.0'])
    assert.equal(nodeIsFit(version), false, version)
})

test('a key changes with every input, and with the border between two', () => {
  const keys = [
    stamp.keyOf({ a: 'xy', b: 'z' }),
    stamp.keyOf({ a: 'x', b: 'yz' }),
    stamp.keyOf({ a: 'xy', b: 'y' }),
    stamp.keyOf({ b: 'xy', a: 'z' }),
  ]
  assert.equal(new Set(keys).size, keys.length)
  assert.equal(stamp.keyOf({ a: 'xy', b: 'z' }), keys[0])
})

test('a stamp that was cut short counts as none', (t) => {
  const file = path.join(temporaryFolder(t), 'deep', 'stamp.json')
  assert.equal(stamp.readJson(file), null)
  stamp.writeJson(file, { key: 'k' })
  assert.deepEqual(stamp.readJson(file), { key: 'k' })
  assert.deepEqual(readdirSync(path.dirname(file)), ['stamp.json'])
  writeFileSync(file, '{"key": "k')
  assert.equal(stamp.readJson(file), null)
})

test('requirements are read with their continuation lines, comments left out', () => {
  const text = '# why\na==1 ; x == "y" \\\n    --hash=sha256:1 \\\n    --hash=sha256:2\n\nb==2 --hash=sha256:3 # so\n'
  assert.deepEqual(requirementsIn(text), ['a==1 ; x == "y"  --hash=sha256:1  --hash=sha256:2', 'b==2 --hash=sha256:3'])
})

for (const name of ['requirements.txt', 'native-cpu.txt', 'native-gpu.txt'])
  test(`every entry of ${name} has an exact version and a checksum, and no address`, () => {
    const text = readFileSync(path.join(root, 'lib/setup', name), 'utf8')
    const entries = requirementsIn(text)
    assert.ok(entries.length > 1)
    for (const entry of entries) assert.match(entry, /^[a-z0-9.-]+==[^\s;]+ .*--hash=sha256:[0-9a-f]{64}/)
    assert.doesNotMatch(text, /https?:|--(extra-)?index-url|--find-links/)
  })

test('of a wheel the libraries and the C headers are taken, nothing else', () => {
  assert.equal(placeOf('tensorflow/libtensorflow_cc.so.2'), 'tensorflow/libtensorflow_cc.so.2')
  assert.equal(placeOf('nvidia/cudnn/lib/libcudnn.so.9'), 'nvidia/cudnn/lib/libcudnn.so.9')
  assert.equal(placeOf('tensorflow/include/tensorflow/c/kernels.h'), 'include/tensorflow/c/kernels.h')
  assert.equal(placeOf('tensorflow/python/framework/ops.py'), null)
  assert.equal(placeOf('nvidia/cudnn/include/cudnn.h'), null)
})

test('without Python set-up says so in one message, with what to install, and leaves nothing half-made', (t) => {
  const folder = bareCheckout(t)
  const { status, stderr } = runNode(folder, ['lib/setup/main.mjs', 'setup'], { PATH: pathWithNodeOnly(folder) })
  assert.equal(status, 1)
  assert.match(stderr, /Expected Python 3\.10 to 3\.14 with venv and pip, found none\..*apt install python3/)
  assert.doesNotMatch(stderr, /\n\s+at /)
  assert.equal(existsSync(path.join(folder, '.venv')), false)
  assert.equal(existsSync(path.join(folder, '.recurlab/setup/lock.json')), false)
})

test('a Python that is too old, or lacks venv, is named with what it lacks', (t) => {
  const folder = bareCheckout(t)
  const bin = pathWithNodeOnly(folder)
  writeProgram(path.join(bin, 'python3'), 'echo 3.9.18')
  writeProgram(path.join(bin, 'python3.12'), `echo "ModuleNotFoundError: No module named 'ensurepip'" >&2; exit 1`)
  writeProgram(path.join(bin, 'python3.14'), 'echo 3.15.0')
  const { status, stderr } = runNode(folder, ['lib/setup/main.mjs', 'setup'], { PATH: bin })
  assert.equal(status, 1)
  assert.match(
    stderr,
    /found python3 is too old \(3\.9\), python3\.12 lacks venv or pip, python3\.14 is too new \(3\.15\)\./,
  )
})

test('Ctrl-C ends what set-up had started, and says how to go on', async (t) => {
  const folder = bareCheckout(t)
  const bin = pathWithNodeOnly(folder)
  const pidFile = path.join(folder, 'python.pid')
  writeProgram(
    path.join(bin, 'python3'),
    `[ "$2" = -c ] && echo 3.12.0 && exit; echo $$ > ${pidFile}; exec /bin/sleep 300`,
  )
  const child = spawn(process.execPath, ['lib/setup/main.mjs', 'setup'], {
    cwd: folder,
    env: { PATH: bin },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let printed = ''
  child.stderr.on('data', (chunk: Buffer) => {
    printed += chunk.toString('utf8')
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  for (let i = 0; i < 2400 && !existsSync(pidFile); i++) await sleep(50)
  await sleep(50)
  child.kill('SIGINT')
  assert.equal(await ended, 130)
  assert.match(printed, /Run the same command again: it continues/)
  assert.throws(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0), /ESRCH/)
})

test('after a set-up that was killed outright, the next one ends its orphan and takes over', async (t) => {
  const folder = bareCheckout(t)
  const bin = pathWithNodeOnly(folder)
  const pidFile = path.join(folder, 'python.pid')
  writeProgram(
    path.join(bin, 'python3'),
    `[ "$2" = -c ] && echo 3.12.0 && exit; echo $$ > ${pidFile}; exec /bin/sleep 300`,
  )
  const options = { cwd: folder, env: { PATH: bin }, stdio: 'ignore' } as const
  const child = spawn(process.execPath, ['lib/setup/main.mjs', 'setup'], options)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  for (let i = 0; i < 2400 && !existsSync(pidFile); i++) await sleep(50)
  await sleep(50)
  child.kill('SIGKILL')
  await ended
  const orphan = Number(readFileSync(pidFile, 'utf8'))
  assert.doesNotThrow(() => process.kill(orphan, 0))
  writeProgram(path.join(bin, 'python3'), 'echo 3.8.0')
  assert.match(runNode(folder, ['lib/setup/main.mjs', 'setup'], { PATH: bin }).stderr, /python3 is too old \(3\.8\)/)
  assert.throws(() => process.kill(orphan, 0), /ESRCH/)
})

test('a wrong word is answered with the words there are, and exit code 2', () => {
  for (const word of ['strat', '__proto__', '']) {
    const { status, stderr } = runNode(root, ['lib/setup/main.mjs', word])
    assert.equal(status, 2)
    assert.match(stderr, /start\|test\|test:unit\|test:long\|typecheck\|lint\|setup\|setup:gpu\|lab\|check/)
  }
})

test('the reporter counts, names what was skipped and why, and fails a file without tests', (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(path.join(folder, 'sub'))
  const head = "import { test } from 'node:test'\nimport assert from 'node:assert/strict'\n"
  writeFileSync(
    path.join(folder, 'a.test.mjs'),
    `${head}test('adds', () => assert.equal(1 + 1, 2))\ntest('errs', () => assert.equal(1, 2))`,
  )
  writeFileSync(path.join(folder, 'sub/b.test.mjs'), `${head}test('later', { skip: 'no GPU here' }, () => {})`)
  writeFileSync(path.join(folder, 'c.test.mjs'), 'const nothing = 1')
  const reporter = path.join(root, 'lib/setup/test-reporter.mjs')
  const files = ['a.test.mjs', 'sub/b.test.mjs', 'c.test.mjs']
  const { stdout, status } = runNode(folder, [
    '--test',
    `--test-reporter=${reporter}`,
    '--test-reporter-destination=stdout',
    ...files,
  ])
  assert.equal(status, 1)
  assert.match(stdout, /FAILED a\.test\.mjs(:\d+)?\n {2}errs/)
  assert.match(stdout, /sub\/b\.test\.mjs: later \(no GPU here\)/)
  assert.match(stdout, /FAILED c\.test\.mjs\n {2}there is no test/)
  assert.match(
    stdout,
    /\n2 failed:\n {2}a\.test\.mjs(:\d+)?: errs\n {2}c\.test\.mjs: there is no test in this file\n\n1 passed, 2 failed\n$/,
  )
})

function writeProgram(file: string, script: string): void {
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
}
