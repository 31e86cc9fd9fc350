import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { saveDataset, sudoku, sweep, think } from '../../lib/index.js'
import { writeLabel } from '../../lib/results/label.js'
import { readStatus } from '../../lib/results/status.js'

/** One of every kind of thing that is stored, in `data` and `results` of a folder. */
export interface Stored {
  readonly folder: string
  readonly results: string
  readonly data: string
  /** Folders of two runs, the second by another seed. */
  readonly runs: readonly [string, string]
  readonly dataset: string
  /** Another data set of the same sizes, beside `data`. */
  readonly other: string
  readonly recording: string
  readonly sweep: string
  readonly weights: string
  readonly notebook: string
}

/** In memory where that is possible: everything is put back after each use. */
const folder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'recurlab-stored-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const [work, backup] = [path.join(folder, 'work'), path.join(folder, 'backup')]
let made: Promise<Stored> | null = null

/**
 * Calls a function with one of everything, which it may damage: all is put back afterwards. Training and thinking are done once a
 * process.
 */
export async function withStored<T>(use: (stored: Stored) => T | Promise<T>): Promise<T> {
  made ??= make()
  const stored = await made
  try {
    return await use(stored)
  } finally {
    rmSync(work, { recursive: true, force: true })
    cpSync(backup, work, { recursive: true, preserveTimestamps: true })
  }
}

async function make(): Promise<Stored> {
  const places = placesIn(work)
  const options = { box: [2, 2], clues: 6, train: 20, test: 8 } as const
  const data = await sudoku({ ...options, seed: 1 })
  saveDataset(data, places.dataset)
  saveDataset(await sudoku({ ...options, seed: 2 }), places.other)
  const base = {
    ...{ task: 'sudoku', hidden: 8, layers: 1, batch: 4, trainSteps: 4, warmup: 0, K: 2, n: 1, T: 1 },
    ...{ evalEvery: 2, checkpointEvery: 2, logEvery: 1, data: places.dataset },
  } as const
  const runs = await sweep(base, { seed: [0, 1] }, { resultsDir: places.results, workers: 1, observer: {} })
  for (const { dir } of runs.all) writeLabel({ dir, status: readStatus(dir) }, { name: 'pocket', note: null, tags: [] })
  await think(runs.all[0]!.id, data, { depth: 3, rollouts: 2, noise: 0.3, resultsDir: places.results })
  const root = path.resolve(import.meta.dirname, '..', '..')
  cpSync(path.join(root, 'data', 'weights', 'sudoku-4x4'), places.weights, { recursive: true })
  mkdirSync(path.dirname(places.notebook), { recursive: true })
  writeFileSync(places.notebook, NOTEBOOK)
  cpSync(work, backup, { recursive: true, preserveTimestamps: true })
  return withRuns(places)
}

const NOTEBOOK = JSON.stringify({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [{ cell_type: 'markdown', id: 'a', metadata: {}, source: ['# Title'] }],
})

type Places = Omit<Stored, 'runs' | 'recording' | 'sweep'>

function placesIn(root: string): Places {
  const [results, data] = [path.join(root, 'results'), path.join(root, 'data')]
  return {
    folder: root,
    results,
    data,
    dataset: path.join(data, 'pocket'),
    other: path.join(data, 'other'),
    weights: path.join(data, 'weights', 'sudoku-4x4'),
    notebook: path.join(results, 'notebooks', 'a.ipynb'),
  }
}

function withRuns(places: Places): Stored {
  const only = (name: string): string[] =>
    readdirSync(path.join(places.results, name)).map((id) => path.join(places.results, name, id))
  const [first, second] = only('runs') as [string, string]
  return { ...places, runs: [first, second], recording: only('recordings')[0]!, sweep: only('sweeps')[0]! }
}
