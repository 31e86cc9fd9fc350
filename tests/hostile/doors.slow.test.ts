import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { root } from '../shared.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-doors-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** Whether this machine can run a program without a network and note what it asks of one. */
function canWatch(): string | false {
  try {
    execFileSync('unshare', ['-n', 'strace', '-qq', '-f', '-yy', '--seccomp-bpf', '-e', 'trace=connect', 'true'], {
      stdio: 'ignore',
    })
    return false
  } catch {
    return 'unshare -n and strace do not work here'
  }
}
const skip = canWatch()

const cli = path.join(root, 'lib', 'cli', 'recurlab.mjs')
const tiny = [
  'T=1',
  'n=1',
  'hidden=16',
  'K=2',
  'testPuzzles=4',
  'trainPuzzles=8',
  'trainSteps=2',
  'evalEvery=2',
  'batch=4',
]

interface Watched {
  readonly code: number
  readonly said: string
  /** Calls of the system that reach beyond this machine, or let others in. */
  readonly doors: readonly string[]
}

/** Runs a command in a machine without a network, as a user with this umask, and notes its sockets. */
function watched(
  words: readonly string[],
  umask: string,
  environment: NodeJS.ProcessEnv = {},
  program = cli,
): Promise<Watched> {
  const log = path.join(folder, 'calls')
  const watch = [
    'strace',
    '-f',
    '-yy',
    '--seccomp-bpf',
    '-qq',
    '-e',
    'signal=none',
    '-e',
    'trace=connect,bind,listen,sendto,sendmsg,sendmmsg',
    '-o',
    log,
  ]
  const script = `umask ${umask}; ip link set lo up 2>/dev/null; exec "$@"`
  return new Promise((resolve) => {
    const env = { ...process.env, ...environment }
    const child = execFile(
      'unshare',
      ['-n', 'sh', '-c', script, 'sh', ...watch, process.execPath, program, ...words],
      { cwd: folder, env, maxBuffer: 1 << 26 },
      (_, out, err) =>
        resolve({ code: child.exitCode ?? -1, said: out + err, doors: doorsIn(readFileSync(log, 'latin1')) }),
    )
  })
}

/** Returns the calls by which something listens, connects or sends; sockets of this machine's files are none. */
function doorsIn(log: string): string[] {
  return log.split('\n').filter((line) => {
    const isInet = /<(?:TCP|UDP)|AF_INET/.test(line)
    // A UDP socket is connected without a packet: Chromium asks so whether there is IPv6 at all.
    if (/ connect\(/.test(line)) return isInet && !/<UDP/.test(line)
    return isInet && !/ bind\(\d+<UDP.*port=htons\(0\)/.test(line)
  })
}

/** Permissions of everyone but the owner, and of the group, on all that is below a folder. */
function openTo(place: string, mask: number): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !lstatSync(file).isSymbolicLink() && (lstatSync(file).mode & mask) !== 0)
}

const run = (): string =>
  readdirSync(path.join(folder, 'results', 'runs'))
    .sort()
    .at(-1)!
mkdirSync(path.join(folder, 'given'))

const COMMANDS: readonly (readonly [what: string, words: () => string[], environment?: NodeJS.ProcessEnv])[] = [
  ['doctor, with a figure', () => ['doctor']],
  ['doctor, with a figure drawn by kaleido', () => ['doctor'], { RECURLAB_CHROMIUM: 'none' }],
  ['data build', () => ['data', 'build', 'sudoku', 'box=2x2', 'train=4', 'test=2', 'out=data/four']],
  ['train', () => ['train', 'sudoku-pocket', ...tiny]],
  ['eval', () => ['eval', run()]],
  ['think', () => ['think', run(), 'rollouts=2', 'depth=2']],
  ['report', () => ['report', run()]],
  ['export', () => ['export', run(), 'out=weights.safetensors']],
  ['sweep with two worker processes', () => ['sweep', 'sudoku-pocket', ...tiny, 'seed=0,1', 'workers=2']],
  [
    'a notebook',
    () => [
      'run',
      path.join(root, 'tests', 'fixtures', 'notebooks', 'figure.ipynb'),
      '--out',
      path.join(folder, 'out', 'figure.ipynb'),
    ],
  ],
]

test('a program that listens, or asks for a name, is seen', { skip }, async () => {
  const script = path.join(folder, 'given', 'listens.mjs')
  writeFileSync(
    script,
    "import net from 'node:net'\nimport dns from 'node:dns'\nconst server = net.createServer().listen(0, '127.0.0.1', () => net.connect(9, '10.0.0.1').on('error', () => dns.lookup('a.example', () => server.close())))\n",
  )
  const { doors } = await watched([], '022', {}, script)
  rmSync(script)
  for (const call of ['bind', 'listen', 'connect'])
    assert.ok(
      doors.some((line) => line.includes(` ${call}(`)),
      `${call} in ${doors.join('\n')}`,
    )
})

for (const [what, words, environment] of COMMANDS)
  test(`${what} works without a network, opens no door, and what it writes is its owner's alone`, {
    skip,
  }, async () => {
    const { code, said, doors } = await watched(words(), '000', environment)
    assert.equal(code, 0, said)
    assert.deepEqual(doors, [])
    assert.deepEqual(
      openTo(folder, 0o077).filter((file) => !['given', 'calls'].includes(path.basename(file))),
      [],
    )
  })

test('RECURLAB_PERMISSIONS=group shares with the group what the umask permits, and nothing with others', {
  skip,
}, async () => {
  const words = ['train', 'sudoku-pocket', ...tiny, 'out=shared']
  const { code, said } = await watched(words, '007', { RECURLAB_PERMISSIONS: 'group' })
  assert.equal(code, 0, said)
  const place = path.join(folder, 'shared')
  assert.deepEqual(openTo(place, 0o007), [])
  assert.equal(openTo(place, 0o040).length, readdirSync(place, { recursive: true }).length)
  const wrong = await watched(words, '007', { RECURLAB_PERMISSIONS: 'everybody' })
  assert.equal(wrong.code, 2)
  assert.match(wrong.said, /RECURLAB_PERMISSIONS: expected one of owner, group, umask, found everybody/)
})
