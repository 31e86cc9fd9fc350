import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { after, test } from 'node:test'
import { execute } from '../../lib/cli/main.js'
import { UserError } from '../../lib/errors.js'
import { readPlan } from '../../lib/experiment/sweep/plan.js'
import { recordingFolder } from '../../lib/experiment/think/recordings.js'
import { writeArrow } from '../../lib/files/arrow.js'
import { tableOfRows } from '../../lib/files/arrow-rows.js'
import { writeFileAtomic } from '../../lib/files/atomic.js'
import { writeJson } from '../../lib/files/json.js'
import { sealJson } from '../../lib/files/sealed-json.js'
import { saveDataset, saveTable, saveText, sudoku } from '../../lib/index.js'
import { weightsNamed } from '../../lib/interop/named/record.js'
import { writeNotebook } from '../../lib/notebook/notebook.js'
import { createRun, openRun, runStatus } from '../../lib/results/run.js'
import { trials } from '../trials.js'
import { readsOrRefuses } from './holds.js'
import { assertOnly, type Jail, makeJail } from './jail.js'

const start = process.cwd()
const write = process.stdout.write
const { RECURLAB_NOTEBOOK_OUT } = process.env
after(() => {
  process.chdir(start)
  process.stdout.write = write
  if (RECURLAB_NOTEBOOK_OUT === undefined) delete process.env.RECURLAB_NOTEBOOK_OUT
})

/** Names and paths that are not what a name should be; `JAIL` stands for the folder around everything. */
const NAMES: readonly string[] = [
  '',
  ' ',
  '.',
  '..',
  '../other',
  '../other/new',
  '../secret.txt',
  '../../x',
  './x',
  'x/..',
  'x/../../other',
  'x/./y',
  'x/',
  'x//y',
  '/',
  '//',
  'JAIL/other',
  'JAIL/other/new',
  'JAIL/work/../other/new',
  '~',
  '~root',
  '~/x',
  '$HOME/x',
  'x\0y',
  'x\ny',
  'x\ty',
  '\x1b[31mx',
  'x\\..\\y',
  '..\\other',
  'x'.repeat(300),
  `${'x'.repeat(250)}`,
  'é',
  'e\u0301',
  '\u202egpj.x',
  '\ud800',
  '日本語',
  'CON',
  'nul',
  'COM1.json',
  'x:y',
  'C:\\x',
  '-x',
  '--out',
  '-rf',
  '%2e%2e',
  '%2e%2e%2fother',
  '..%2fother',
  'link',
  'link/new',
  'link/../secret.txt',
  'link.json',
  'secret.txt',
  'secret.txt/x',
  '.hidden',
  '...',
  'a..b',
  'x.',
  'x ',
  '*',
  '?',
  '"x"',
  "'x'",
  '`id`',
  '$(id)',
  'x;id',
  'x|id',
  'x&id',
  '__proto__',
  'constructor',
  'toString',
]

/** Work with a name in a jail, and the place of the jail where it may change something. */
interface Entrance {
  readonly work: (name: string, jail: Jail) => unknown
  /** Folder below the working directory that the name belongs to; null: nothing may change. */
  readonly inside: string | null
}

const command = (...words: string[]): Promise<number> => execute(words)
const table = tableOfRows([{ a: 1 }])

const plan = (changes: object, { work }: Jail): unknown => {
  const dir = path.join(work, 'results', 'sweeps', 'p')
  mkdirSync(dir, { recursive: true })
  const run = {
    run: 'a',
    config: {},
    asked: {},
    names: {},
    trainSteps: 1,
    evaluateEvery: 1,
    hashes: { config: '', data: '', recursion: null },
  }
  writeJson(
    path.join(dir, 'plan.json'),
    sealJson({ formatVersion: 1, resultsDir: '../..', config: {}, asked: {}, runs: [run], storedData: [], ...changes }),
  )
  return readPlan('p')
}

const IDS: ReadonlyMap<string, Entrance> = new Map<string, Entrance>([
  [
    'the ID of a new run',
    {
      work: (id) => createRun({ id, config: { seed: 0 }, provenance: {} }).finish('interrupted'),
      inside: 'results/runs',
    },
  ],
  [
    'the name in the ID of a new run',
    {
      work: (name) => createRun({ name, config: { seed: 0 }, provenance: {} }).finish('interrupted'),
      inside: 'results/runs',
    },
  ],
  ['a run', { work: (id) => openRun(id), inside: null }],
  ['the status of a run', { work: (id) => runStatus(id, 'results'), inside: null }],
  ['a recording', { work: (id) => recordingFolder(id), inside: null }],
  ['a sweep', { work: (name) => readPlan(name), inside: null }],
  ['weights', { work: (name, { work }) => weightsNamed(name, work), inside: null }],
  ['a table of a notebook', { work: (name) => saveTable(table, `${name}.csv`), inside: 'results/notebooks' }],
  ['a text of a notebook', { work: (name) => saveText('{}', `${name}.json`), inside: 'results/notebooks' }],
  [
    'a run in a plan',
    { work: (run, jail) => plan({ runs: [{ run, config: {}, asked: {} }] }, jail), inside: 'results/sweeps/p' },
  ],
  ['stored data in a plan', { work: (hash, jail) => plan({ storedData: [hash] }, jail), inside: 'results/sweeps/p' }],
  ['recurlab train', { work: (name) => command('train', name), inside: null }],
  ['recurlab resume', { work: (name) => command('resume', name), inside: null }],
  ['recurlab eval', { work: (name) => command('eval', name), inside: null }],
  ['recurlab report', { work: (name) => command('report', name), inside: null }],
  ['recurlab explain', { work: (name) => command('explain', name), inside: null }],
  ['recurlab export', { work: (name) => command('export', name), inside: null }],
  ['recurlab sweep status', { work: (name) => command('sweep', 'status', name), inside: null }],
  ['recurlab think show', { work: (name) => command('think', 'show', name), inside: null }],
  ['recurlab data info', { work: (name) => command('data', 'info', name), inside: null }],
  ['recurlab data fetch', { work: (name) => command('data', 'fetch', name), inside: null }],
  ['recurlab weights fetch', { work: (name) => command('weights', 'fetch', name), inside: null }],
  ['recurlab solve', { work: (name) => command('solve', name), inside: null }],
  ['recurlab runs results', { work: (name) => command('runs', `out=${name}`), inside: null }],
])

async function attempt([entrance, { work, inside }, given]: readonly [string, Entrance, string]): Promise<void> {
  const jail = makeJail()
  const name = given.replace('JAIL', path.dirname(jail.work))
  process.chdir(jail.work)
  process.env.RECURLAB_NOTEBOOK_OUT = path.join(jail.work, 'results', 'notebooks')
  process.stdout.write = () => true
  try {
    await readsOrRefuses(() => work(name, jail))
  } finally {
    process.stdout.write = write
    process.chdir(start)
  }
  const places = inside === null ? [] : [`work/${inside}`]
  // A table may be saved to an absolute path: that is its user's choice.
  if (entrance.startsWith('a table') && path.isAbsolute(name))
    places.push(path.relative(path.dirname(jail.work), `${name}.csv`))
  assertOnly(jail.changes(), places, `${entrance}: ${JSON.stringify(name)}`)
}

test(
  ...trials(
    'an ID or a name never leads out of its folder',
    { cases: [...IDS].flatMap(([entrance, how]) => NAMES.map((name) => [entrance, how, name] as const)), sample: 230 },
    attempt,
  ),
)

const notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] }
/** Ways to write a file or a folder to a path of the user's choice. */
const WRITERS: ReadonlyMap<string, (out: string) => unknown> = new Map<string, (out: string) => unknown>([
  ['bytes', (out) => writeFileAtomic(out, 'new')],
  ['a table', (out) => writeArrow(out, table)],
  ['a notebook', (out) => writeNotebook(out, notebook)],
  ['a data set', (out) => saveDataset(data, out)],
])
const data = await sudoku({ box: '2x2', train: 2, test: 1 })

test(
  ...trials(
    'out= goes where it says, and nowhere else',
    { cases: [...WRITERS].flatMap(([what, writer]) => NAMES.map((name) => [what, writer, name] as const)), sample: 60 },
    async ([what, writer, given]) => {
      const jail = makeJail()
      const name = given.replace('JAIL', path.dirname(jail.work))
      process.chdir(jail.work)
      // The root folder, and the folder above the jail, are not to be written to for real.
      if (!path.resolve(name).startsWith(path.dirname(jail.work)) || name.includes('\0')) return process.chdir(start)
      const result = await readsOrRefuses(() => writer(name))
      process.chdir(start)
      const place = path.relative(path.dirname(jail.work), Buffer.from(path.resolve(jail.work, name)).toString())
      const asLinked = place.replace(/^work\/link(?=\/|$)/, 'other')
      // A file that is replaced may be a link, a folder behind one is written to.
      assertOnly(
        jail.changes(),
        result instanceof UserError ? [] : [place, asLinked],
        `${what}: ${JSON.stringify(name)}`,
      )
    },
  ),
)

/** Things that lie where a file is to be written, and how they are made. */
const OBSTACLES: ReadonlyMap<string, (file: string, other: string) => void> = new Map([
  ['a folder', (file: string) => void mkdirSync(file)],
  ['a pipe', (file: string) => void execFileSync('mkfifo', [file])],
  ['a device', (file: string) => void execFileSync('mknod', [file, 'c', '1', '3'])],
  ['a link to a device', (file: string) => void execFileSync('ln', ['-s', '/dev/null', file])],
  [
    'a link to a file',
    (file: string, other: string) => void execFileSync('ln', ['-s', path.join(other, 'secret.txt'), file]),
  ],
  [
    'a link to nothing',
    (file: string, other: string) => void execFileSync('ln', ['-s', path.join(other, 'nothing'), file]),
  ],
  ['a link to itself', (file: string) => void execFileSync('ln', ['-s', file, file])],
  [
    'a temporary link',
    (file: string, other: string) =>
      void execFileSync('ln', [
        '-s',
        path.join(other, 'secret.txt'),
        `${path.dirname(file)}/.${path.basename(file)}.${process.pid}.tmp`,
      ]),
  ],
])

test(
  ...trials(
    'what lies in the place of a file is replaced, if it is a file or a link, or refused, and nothing behind it changes',
    {
      cases: [...OBSTACLES].flatMap(([obstacle, make]) =>
        [...WRITERS].map(([what, writer]) => [obstacle, make, what, writer] as const),
      ),
      sample: 32,
      skip: process.getuid?.() !== 0 && 'only root can make devices',
    },
    async ([obstacle, make, what, writer]) => {
      const jail = makeJail()
      const file = path.join(jail.work, 'x.arrow')
      make(file, jail.other)
      const { mode, rdev } = lstatSync(obstacle.startsWith('a temporary') ? path.join(jail.work, 'secret.txt') : file)
      const result = await readsOrRefuses(() => writer(file))
      assertOnly(
        jail.changes(),
        ['work/x.arrow', ...(obstacle.startsWith('a temporary') ? [`work/.x.arrow.${process.pid}.tmp`] : [])],
        obstacle,
      )
      assert.equal(readFileSync(path.join(jail.other, 'secret.txt'), 'utf8'), 'keep me')
      assert.ok(statSync('/dev/null').isCharacterDevice())
      if (result instanceof UserError && existsSync(file))
        assert.deepEqual([lstatSync(file).mode, lstatSync(file).rdev], [mode, rdev])
      if (/pipe|device/.test(obstacle)) assert.ok(result instanceof UserError, `${what} replaced ${obstacle}`)
      rmSync(file, { recursive: true, force: true })
    },
  ),
)
