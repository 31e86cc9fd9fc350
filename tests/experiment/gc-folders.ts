import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { UserError } from '../../lib/errors.js'
import { readPlan, type SweepPlan, writePlan } from '../../lib/experiment/sweep/plan.js'
import { openRecording } from '../../lib/experiment/think/rollout-recording.js'
import { besideName, isTemporary } from '../../lib/files/beside.js'
import { scanSafetensors } from '../../lib/files/safetensors-scan.js'
import { type Dataset, saveDataset, sudoku } from '../../lib/index.js'
import type { Random } from '../../lib/random.js'
import { Recorder } from '../../lib/recording/recorder.js'
import { newestIntact } from '../../lib/results/checkpoint.js'
import { isCheckpointFile } from '../../lib/results/layout.js'
import { openRun, type RunWriter, readEvaluations, readMetrics, saveCheckpoint } from '../../lib/results/run.js'
import { loadDataset } from '../../lib/storage/store.js'
import { header, type Row, stepsOf } from '../recording/fixture.js'
import { checkpointAt, checkpointPath, newRun, setOwner } from '../results/fixture.js'

/** Process IDs of a process that is not running (above the largest of Linux), and of one that is. */
export const DEAD = 4_194_305
export const ALIVE = process.ppid

/** Returns the temporary name beside a folder of a process that has ended. */
export function besideDead(place: string, kind: 'tmp' | 'old'): string {
  return besideName(place, kind).replace(`.${process.pid}-`, `.${DEAD}-`)
}

/** A folder of results and data in a random state. */
export interface Folders {
  readonly results: string
  readonly data: string
  /** Files that Recurlab does not know. */
  readonly foreign: readonly string[]
  /** Folders that a process is at work in. */
  readonly working: readonly string[]
}

const made = [1, 2].map((seed) => sudoku({ box: [2, 2], clues: 6, train: 4, test: 2, seed }))

/** Fills a folder with runs, recordings, sweeps and data sets in random states, and with what crashes leave. */
export async function randomFolders(root: string, random: Random): Promise<Folders> {
  const [small, other] = (await Promise.all(made)) as [Dataset, Dataset]
  const [results, data] = [path.join(root, 'results'), path.join(root, 'data')]
  const foreign: string[] = []
  const working: string[] = []
  const chance = (share: number): boolean => random.float() < share
  const write = (file: string, text = 'x'.repeat(random.int(5000))): string => {
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, text)
    return file
  }
  const runs = Array.from({ length: 1 + random.int(3) }, () => randomRun(results, random))
  for (const run of runs) {
    if (chance(0.4)) write(path.join(run.dir, `.metrics.arrow.${chance(0.7) ? DEAD : ALIVE}.tmp`))
    if (chance(0.4)) foreign.push(write(path.join(run.dir, 'notes.txt')))
    if (run.isAtWork) working.push(run.dir)
  }
  if (chance(0.5)) write(path.join(results, 'runs', '.20261130-101010-run-ab12.0a1b2c', 'config.json'))
  if (chance(0.3)) foreign.push(write(path.join(results, 'runs', 'README')))
  for (let i = random.int(3); i > 0; i--) {
    const dir = path.join(results, 'recordings', `2026-${i}`)
    if (randomRecording(dir, chance(0.5) ? runs[0]!.id : 'gone', random)) working.push(dir)
    if (chance(0.3)) foreign.push(write(path.join(dir, 'figure.svg')))
  }
  if (chance(0.3)) mkdirSync(path.join(results, 'recordings', 'empty'), { recursive: true })
  if (chance(0.5)) randomSweep(results, runs, small.hash, random, write)
  for (const name of ['a', 'b']) if (chance(0.6)) saveDataset(name === 'a' ? small : other, path.join(data, name))
  for (const end of ['tmp', 'old'] as const)
    if (chance(0.3)) saveDataset(small, besideDead(path.join(data, chance(0.5) ? 'held' : 'lost'), end))
  if (chance(0.5)) saveDataset(small, path.join(data, 'held'))
  if (chance(0.4)) write(path.join(data, 'download', 'train.csv.part'))
  if (chance(0.4)) write(path.join(data, 'download', 'train.csv.part.json'), '{}')
  if (chance(0.4)) write(besideDead(path.join(data, 'download', 'test.csv.part'), 'tmp'))
  if (chance(0.4)) write(path.join(data, 'download', 'train.csv'))
  return { results, data, foreign, working }
}

interface MadeRun {
  readonly dir: string
  readonly id: string
  readonly isAtWork: boolean
}

function randomRun(results: string, random: Random): MadeRun {
  const run = newRun(results, { keepEvery: random.float() < 0.5 ? 2 : null })
  const saves = random.int(4)
  for (let step = 1; step <= saves; step++) {
    run.logMetrics({ step, 'train.loss': random.float() })
    if (random.float() < 0.5) run.logEvaluation({ step, 'test.exact': random.float() })
    saveCheckpoint(run, checkpointAt(step, 50))
  }
  const state = (['finished', 'interrupted', 'failed', 'dead', 'at work'] as const)[random.int(5)]!
  leaveRun(run, state)
  if (saves > 0) {
    const newest = checkpointPath(run, saves)
    const superseded = checkpointPath(run, saves + 3)
    if (random.float() < 0.5) copyFileSync(newest, superseded)
    // Every checkpoint that the status lists may be damaged.
    if (random.float() < 0.2)
      for (const name of readdirSync(run.dir))
        if (/^checkpoint/.test(name) && path.join(run.dir, name) !== superseded)
          truncateSync(path.join(run.dir, name), 99)
  }
  if (random.float() < 0.1) truncateSync(path.join(run.dir, 'status.json'), 30)
  return { dir: run.dir, id: run.id, isAtWork: state === 'at work' }
}

function leaveRun(run: RunWriter, state: 'finished' | 'interrupted' | 'failed' | 'dead' | 'at work'): void {
  if (state === 'dead' || state === 'at work') setOwner(run.dir, { pid: state === 'dead' ? DEAD : ALIVE, began: '' })
  else run.finish(state)
}

/** Records in a folder. @returns whether a process is at work in it */
function randomRecording(dir: string, run: string, random: Random): boolean {
  const recorder = new Recorder(dir, header({ notes: { run } }))
  const count = random.int(3)
  const rows = Array.from({ length: count }).flatMap((_, puzzle): Row[] =>
    [0, 1, 2].flatMap((rollout) => [1, 2, 3].map((step) => ({ puzzle, rollout, step, answer: 'R', q: 0 }))),
  )
  for (const measures of stepsOf(rows)) recorder.add(measures)
  const state = random.int(4)
  if (state < 2 || count === 0) {
    recorder.end(state === 0 ? 'finished' : 'interrupted')
    return false
  }
  setOwner(dir, { pid: state === 2 ? DEAD : ALIVE, began: '' })
  return state === 3
}

function randomSweep(
  results: string,
  runs: readonly MadeRun[],
  data: string,
  random: Random,
  write: (file: string, text?: string) => string,
): void {
  const dir = path.join(results, 'sweeps', 'plan')
  mkdirSync(dir, { recursive: true })
  const hashes = { config: 'c', data, recursion: null }
  writePlan({
    ...{ id: 'plan', dir, resultsDir: results, made: '', code: {}, label: {}, init: null, initIdentity: null },
    ...{ metrics: {}, estimate: false, module: null, storedData: [], halving: null },
    runs: runs.map(({ id }) => ({
      run: id,
      config: {},
      asked: {},
      names: {},
      trainSteps: 4,
      evaluateEvery: 1,
      hashes,
    })),
  } as unknown as SweepPlan)
  if (random.float() < 0.7) write(path.join(dir, 'slurm', 'logs', 'run-0.log'))
  if (random.float() < 0.5) write(path.join(dir, `.plan.json.${DEAD}.tmp`))
}

/** Returns all that can be loaded and is not empty, with its content, by its path; temporary folders are left out. */
export function loadable({ results, data, foreign, working }: Folders): Map<string, unknown> {
  const loaded = new Map<string, unknown>()
  const attempt = (name: string, load: () => unknown): void => {
    try {
      loaded.set(name, load())
    } catch (error) {
      if (!(error instanceof UserError)) throw error
    }
  }
  const entries = (folder: string): string[] => {
    try {
      return readdirSync(folder).filter((name) => !name.startsWith('.') && !isTemporary(name))
    } catch {
      return []
    }
  }
  const rows = (table: { toArray(): unknown[] }): string =>
    JSON.stringify(table.toArray(), (_, v) => (typeof v === 'bigint' ? `${v}` : v))
  for (const id of entries(path.join(results, 'runs'))) {
    const dir = path.join(results, 'runs', id)
    attempt(`run ${id}`, () => {
      const { state, status } = openRun(dir)
      return { state, status }
    })
    attempt(`metrics ${id}`, () => rows(readMetrics({ dir })))
    attempt(`evaluations ${id}`, () => rows(readEvaluations({ dir })))
    attempt(`checkpoint ${id}`, () => newestIntact({ dir }).checksum)
    loaded.set(
      `intact ${id}`,
      entries(dir).some((name) => isCheckpointFile(name) && isIntact(path.join(dir, name))),
    )
  }
  for (const id of entries(path.join(results, 'recordings')))
    attempt(`recording ${id}`, () => {
      const recording = openRecording(id, results)
      if (recording.facts.rows > 0 || recording.facts.state === 'finished') return rows(recording.table())
      throw new UserError('an empty one')
    })
  for (const id of entries(path.join(results, 'sweeps'))) attempt(`sweep ${id}`, () => readPlan(id, results).runs)
  for (const name of entries(data)) attempt(`data ${name}`, () => loadDataset(path.join(data, name)).hash)
  for (const file of foreign) loaded.set(file, readFileSync(file, 'utf8'))
  for (const dir of working) loaded.set(dir, namesIn(dir))
  return loaded
}

/** Returns whether a checkpoint is whole, listed or not. */
function isIntact(file: string): boolean {
  try {
    return scanSafetensors(file).seal !== null
  } catch (error) {
    if (error instanceof UserError) return false
    throw error
  }
}

function namesIn(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(dir, name)).isFile())
    .sort()
}

/** Copies folders. */
export function copyOf({ results, data, foreign, working }: Folders, root: string): Folders {
  const from = path.dirname(results)
  cpSync(from, root, { recursive: true, preserveTimestamps: true })
  const moved = (place: string): string => path.join(root, path.relative(from, place))
  return { results: moved(results), data: moved(data), foreign: foreign.map(moved), working: working.map(moved) }
}
