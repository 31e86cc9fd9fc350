import { rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import type { Dataset } from '../lib/data/dataset.js'
import { trainingBatches } from '../lib/data/sampler.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { Random } from '../lib/random.js'
import { type ArcOptions, arc } from '../lib/tasks/arc/index.js'
import { maze } from '../lib/tasks/maze/index.js'
import { sudokuAugment } from '../lib/tasks/sudoku/augment.js'
import { sudoku } from '../lib/tasks/sudoku/index.js'

/** The measurement of one kind of data. */
export interface DataMeasurement {
  readonly data: string
  /**
   * From the process's start to the first training batch of 768 rows; for sudoku, from the time its CSV file exists.
   */
  readonly firstBatchSeconds: number
  /** Seconds of building alone. */
  readonly buildSeconds: number
  /** The amount of work of building: `1,000,000 CSV rows`, `80 mazes`, `1280 tasks`. */
  readonly work: string
  /** Units of `work` per second of building. */
  readonly buildRate: number
  /** Training examples drawn per second. */
  readonly examplesPerSecond: number
  /** Peak resident memory above that of the process before the data. */
  readonly peakBytes: number
}

/** Names of the measurements. */
export const DATA_BENCHES = ['sudoku', 'maze', 'arc-1', 'arc-2', 'arc-generated'] as const

/** One of {@link DATA_BENCHES}. */
export type DataBench = (typeof DATA_BENCHES)[number]

/** Options of the measurement. */
export interface DataBenchOptions {
  /** Rows of the CSV file generated for Sudoku. */
  readonly rows: number
  readonly mazes: number
  /** Folder of the ARC files. */
  readonly arcDir: string
}

/** Rows of a batch, as in the paper. */
const BATCH = 768

/** Seconds during which batches are drawn. */
const DRAW_SECONDS = 3

/** Measures one kind of data in this process, which should do nothing else: memory is that of the whole process. */
export async function benchData(name: DataBench, options: DataBenchOptions): Promise<DataMeasurement> {
  switch (name) {
    case 'sudoku':
      return benchSudoku(options.rows)
    case 'maze':
      return measure(name, `${options.mazes} mazes`, options.mazes, () =>
        maze({ size: 30, train: options.mazes, test: 0, augment: 'dihedral' }),
      )
    case 'arc-generated':
      return measure(name, '450 tasks', 450, () => arc({ set: 'generated', train: 400, test: 50, augment: 1000 }))
    default:
      return benchArc(name, { set: name, dir: options.arcDir, augment: 1000 })
  }
}

function benchArc(name: string, options: ArcOptions): Promise<DataMeasurement> {
  return measure(
    name,
    'versions',
    (data) => data.identifiers.count,
    () => arc(options),
  )
}

/** Reads a file like Sudoku-Extreme's and uses 1,000 of its puzzles (of a small file half). */
async function benchSudoku(rows: number): Promise<DataMeasurement> {
  const folder = temporaryFolder('bench')
  try {
    const csv = path.join(folder, 'train.csv')
    await writeSudokuCsv(csv, rows)
    const order = { box: '3x3', csv, train: Math.min(1000, Math.ceil(rows / 2)), test: 0, duplicates: 'skip' } as const
    return await measure('sudoku', `${rows} CSV rows`, rows, () => sudoku(order))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Writes a file in the published format: a few puzzles in many versions, each with more of its answer given, so that hardly
 * any two are versions of the same puzzle and all keep one solution.
 */
async function writeSudokuCsv(file: string, rows: number): Promise<void> {
  const { train } = await sudoku({ box: '3x3', clues: 26, train: 20, test: 0, seed: 1 })
  const { write } = sudokuAugment([3, 3])
  const question = new Uint8Array(81)
  const answer = new Uint8Array(81)
  const random = Random.of(0, 'bench')
  const line = Buffer.from(`bench,${'.'.repeat(81)},${'.'.repeat(81)},100\n`, 'latin1')
  const block = Buffer.alloc(4096 * line.length)
  const handle = await open(file, 'w')
  try {
    await handle.write('source,question,answer,rating\n')
    for (let row = 0, used = 0; row < rows; row++) {
      write(train, row % train.count, 1 + row, 1, question, answer, 0)
      for (let cell = 0; cell < 81; cell++) {
        const given = question[cell]! > 1 || random.float() < 0.1
        // Token d + 1 stands for digit d, whose character is 48 + d.
        line[6 + cell] = given ? answer[cell]! + 47 : 46
        line[88 + cell] = answer[cell]! + 47
      }
      used += line.copy(block, used)
      if (used < block.length && row + 1 < rows) continue
      await handle.write(block, 0, used)
      used = 0
    }
  } finally {
    await handle.close()
  }
}

async function measure(
  data: string,
  work: string,
  amount: number | ((data: Dataset) => number),
  build: () => Promise<Dataset>,
): Promise<DataMeasurement> {
  const base = process.memoryUsage.rss()
  const started = performance.now()
  const startedAt = process.uptime()
  const built = await build()
  const buildSeconds = (performance.now() - started) / 1000
  const batches = trainingBatches(built, { batch: BATCH, seed: 0, ...(data === 'sudoku' ? { augment: 1000 } : {}) })
  batches.next()
  // Generating the CSV file is not measured.
  const firstBatchSeconds = data === 'sudoku' ? process.uptime() - startedAt : process.uptime()
  const drawing = performance.now()
  let drawn = 0
  while (performance.now() - drawing < 1000 * DRAW_SECONDS) drawn += batches.next().size
  const seconds = (performance.now() - drawing) / 1000
  const done = typeof amount === 'number' ? amount : amount(built)
  return {
    data,
    firstBatchSeconds,
    buildSeconds,
    work: typeof amount === 'number' ? work : `${done} ${work}`,
    buildRate: done / buildSeconds,
    examplesPerSecond: drawn / seconds,
    // ru_maxrss is in kilobytes on Linux.
    peakBytes: Math.max(0, process.resourceUsage().maxRSS * 1024 - base),
  }
}
