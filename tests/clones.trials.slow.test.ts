import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { NODE_LINES } from '../lib/setup/node-versions.mjs'
import { type Ended, probe, run, stackLines } from './machines.js'
import { root } from './shared.js'
import { type Trial, trials } from './trials.js'

/** A fresh copy of the sources, and the machine that sets it up and uses it. */
interface Clone {
  readonly name: string
  /** Name of the folder. Default: clone */
  readonly folder?: string
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly within?: readonly string[]
  /** Version of Node, of the npm package `node`. */
  readonly node?: string
  readonly backend?: string
  /** Sets up in another way than once; returns what it printed. */
  readonly setUp?: (clone: Place, trial: Trial) => Promise<Ended>
  readonly skipped?: string | false
}

/** Where a clone is, and how its set-up is started. */
interface Place {
  readonly own: string
  readonly folder: string
  readonly command: readonly string[]
  readonly env: NodeJS.ProcessEnv
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-clones-'))
after(() => rmSync(folder, { recursive: true, force: true }))
chmodSync(folder, 0o755)

const isRoot = process.getuid?.() === 0
/** Time limit of a set-up, which takes a minute on two free cores. */
const SECONDS = 1800

const setUp = ({ folder: cwd, command, env }: Place): Promise<Ended> => run(command, { cwd, env, seconds: SECONDS })

/** Starts two set-ups at once: one waits for the other. */
async function twice(place: Place): Promise<Ended> {
  const [first, second] = await Promise.all([setUp(place), setUp(place)])
  assert.equal(first.code, 0, first.stdout + first.stderr)
  assert.match(first.stdout + second.stdout, /Another set-up .* is running in this folder/)
  return second
}

/** Kills a set-up twenty times at random moments, and then lets one end. */
async function killed(place: Place, { random }: Trial): Promise<Ended> {
  const [program = '', ...args] = place.command
  for (let kill = 0; kill < 20; kill++) {
    const child = spawn(program, args, { cwd: place.folder, env: { ...process.env, ...place.env }, stdio: 'ignore' })
    const ended = new Promise((resolve) => child.once('close', resolve))
    await Promise.race([ended, sleep(random.float() * 30_000)])
    child.kill('SIGKILL')
    await ended
  }
  return setUp(place)
}

/** Sets up, damages a file of every part, sees doctor name each, and sets up again. */
async function damaged(place: Place): Promise<Ended> {
  assert.equal((await setUp(place)).code, 0)
  const inClone = (name: string): string => path.join(place.folder, name)
  const files = ['node_modules/plotly.js/dist/plotly.min.js', '.venv/share/jupyter/lab/static/index.html']
  if (existsSync(inClone('.recurlab/native/cpu-binding'))) files.push('.recurlab/native/cpu-binding/tfjs_binding.node')
  for (const file of files) truncateSync(inClone(file), 100)
  const status = await run([process.execPath, 'lib/setup/main.mjs', 'status'], { cwd: place.folder })
  for (const file of files) assert.ok(status.stdout.includes(`${file} has 100 bytes instead of`), status.stdout)
  return setUp(place)
}

/** The user that plays somebody who is not root. */
const NOBODY = ['--reuid=65534', '--regid=65534', '--clear-groups']

async function asNobody(place: Place): Promise<Ended> {
  execFileSync('chown', ['-R', '65534:65534', place.own])
  return setUp(place)
}

function pythonOf(minor: number): string | null {
  try {
    const found = execFileSync(
      'sh',
      ['-c', `ls -d "$HOME"/.pyenv/versions/3.${minor}.*/bin/python; command -v python3.${minor}`],
      {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    )
    return found.split('\n')[0] || null
  } catch (error) {
    return String((error as { stdout?: string }).stdout ?? '').split('\n')[0] || null
  }
}

const clones: readonly Clone[] = [
  { name: 'a path with spaces, quotes and unicode', folder: `odd pröject (1) 'q' "d" #%&日本語` },
  ...[10, 12, 13, 14].map((minor): Clone => {
    const python = pythonOf(minor)
    const env = { RECURLAB_PYTHON: python ?? undefined }
    return { name: `Python 3.${minor}`, env, skipped: python === null && 'there is no such Python here' }
  }),
  ...NODE_LINES.filter(({ seen }) => `v${seen}` !== process.version).map(({ seen }) => ({
    name: `Node ${seen}`,
    node: seen,
  })),
  { name: 'no compiler', env: { CXX: '/nonexistent/c++' }, backend: 'wasm' },
  {
    name: 'settings of npm, pip and Python that lead elsewhere',
    env: {
      ...{
        NODE_ENV: 'production',
        npm_config_omit: 'dev,optional',
        npm_config_global: 'true',
        npm_config_dry_run: 'true',
      },
      ...{
        PIP_USER: '1',
        PIP_TARGET: '/nonexistent',
        PIP_NO_BINARY: ':all:',
        PYTHONHOME: '/usr',
        PYTHONPATH: '/nonexistent',
      },
      ...{ CFLAGS: '-bad', CXXFLAGS: '-bad', HOME: undefined },
    },
  },
  { name: '1024 open files', within: ['sh', '-c', 'ulimit -n 1024; exec "$@"', 'sh'] },
  { name: 'LANG=C and one core', env: { LC_ALL: 'C' }, within: ['taskset', '-c', '0'] },
  { name: 'two set-ups at once', setUp: twice },
  { name: 'a set-up that is killed twenty times', setUp: killed },
  { name: 'damaged files', setUp: damaged },
  {
    name: 'a user who is not root, with umask 077',
    within: ['setpriv', ...NOBODY, 'sh', '-c', 'umask 077; exec "$@"', 'sh'],
    env: { HOME: '/nonexistent', RECURLAB_PYTHON: '/usr/bin/python3', TMPDIR: '/tmp' },
    setUp: asNobody,
    skipped: !isRoot && 'only root can play two users',
  },
]

/** Copies the sources that Git knows or would add; there is no `.git`, as in a tarball. */
function copySources(to: string): void {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  })
  for (const name of listed.split('\0').filter((each) => each !== '' && existsSync(path.join(root, each))))
    cpSync(path.join(root, name), path.join(to, name))
}

/** Installs a version of Node from npm. */
function nodeOf(version: string, own: string): string {
  const place = path.join(own, 'node')
  mkdirSync(place)
  const options = ['--silent', '--no-audit', '--no-fund', '--ignore-scripts=false', '--prefix', place]
  execFileSync('npm', ['install', ...options, `node@${version}`])
  return path.join(place, 'node_modules', 'node', 'bin', 'node')
}

async function attempt(clone: Clone, trial: Trial): Promise<void> {
  const own = mkdtempSync(path.join(folder, 'clone-'))
  try {
    const sources = path.join(own, clone.folder ?? 'clone')
    mkdirSync(sources)
    copySources(sources)
    // Reached through a link, as a home folder on a cluster is.
    const linked = path.join(own, 'link')
    symlinkSync(sources, linked)
    const node = clone.node === undefined ? process.execPath : nodeOf(clone.node, own)
    const { within = [], env = {} } = clone
    const place = { own, folder: linked, command: [...within, node, 'lib/setup/main.mjs', 'setup'], env }
    const ended = await (clone.setUp ?? setUp)(place, trial)
    assert.equal(ended.code, 0, ended.stdout + ended.stderr)
    // The user of the trial may be another than the one who prepares it.
    for (const name of ['probe', 'probe/notebook', 'probe/out']) {
      mkdirSync(path.join(own, name))
      chmodSync(path.join(own, name), 0o777)
    }
    const result = await probe(linked, path.join(own, 'probe'), { env, within, node })
    const said = result.ended.stdout.slice(-2000) + result.ended.stderr.slice(-2000)
    assert.equal(result.ended.code, 0, said)
    assert.deepEqual(result.files, ['probe.ipynb', 'probe.html', 'figure.svg', 'figure.pdf'], said)
    assert.deepEqual(stackLines(result.ended.stderr), [])
    if (clone.backend) assert.equal(result.backend, clone.backend)
  } finally {
    rmSync(own, { recursive: true, force: true })
  }
}

const possible = clones.filter(({ skipped = false }) => skipped === false)
const skip = process.env.RECURLAB_TRIALS
  ? false
  : 'each trial sets up a fresh copy, which takes a minute: npm run test:long'
test(
  ...trials(
    'a fresh copy is set up on an odd machine, and a notebook trains, draws and is reported',
    { cases: possible, sample: 1, skip },
    attempt,
  ),
)

test('a set-up whose folder is read-only, or on a full disk, ends with one message', {
  skip: !isRoot && 'only root can mount',
}, async () => {
  const own = mkdtempSync(path.join(folder, 'disk-'))
  const mounted = (options: string, then: string): Promise<Ended> =>
    run(
      [
        'unshare',
        '-m',
        'sh',
        '-c',
        `mount -t tmpfs -o size=4m none "$0" && cp -r "$1/lib" "$1/package.json" "$1/package-lock.json" "$0" && mkdir -p "$0/node_modules" && ${options} && cd "$0" && ${then}`,
        own,
        slim(),
      ],
      { cwd: root },
    )
  const readOnly = await mounted('mount -o remount,ro "$0"', 'node lib/setup/main.mjs setup')
  assert.match(readOnly.stderr, /expected a project folder that you can write to, found .*EROFS.*\. Clone the project/)
  const full = await mounted(
    'true',
    '(dd if=/dev/zero of=fill bs=64k 2>/dev/null || true) && node lib/setup/main.mjs setup',
  )
  assert.match(full.stderr, /recurlab set-up: ENOSPC.*Check permissions and free space/)
  for (const { code, stderr } of [readOnly, full]) {
    assert.equal(code, 1, stderr)
    assert.deepEqual(stackLines(stderr), [])
  }
})

/** The sources of set-up alone, which fit into a small file system. */
function slim(): string {
  const place = mkdtempSync(path.join(folder, 'slim-'))
  for (const name of [
    'lib/setup',
    'lib/typescript',
    'lib/backend',
    'lib/kernel/compiler',
    'package.json',
    'package-lock.json',
  ])
    cpSync(path.join(root, name), path.join(place, name), { recursive: true })
  writeFileSync(path.join(place, '.npmrc'), '')
  return place
}
