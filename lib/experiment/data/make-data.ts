import { startBackend } from '../../backend/index.js'
import type { Dataset } from '../../data/dataset.js'
import { dataProgressText, type MakeOptions } from '../../data/progress.js'
import { currentHost } from '../../notebook/host.js'
import { type Meter, openMeter } from '../../notebook/progress-meter.js'
import { streamSink } from '../../notebook/status-line.js'
import { type ArcOptions, arc as makeArc } from '../../tasks/arc/index.js'
import { type MazeOptions, maze as makeMaze } from '../../tasks/maze/index.js'
import { queens as makeQueens, type QueensOptions } from '../../tasks/queens/index.js'
import { sudoku as makeSudoku, type SudokuOptions } from '../../tasks/sudoku/index.js'

/**
 * Returns a Sudoku data set, generated or read from files. The same options (and files) give the same data set, byte for
 * byte. Progress is shown after one second. It also starts the backend, which `createModel` needs.
 *
 * @example
 * const data = await sudoku({ box: [2, 2], clues: 5, train: 200, test: 300, seed: 0 })
 * @throws UserError for invalid options, malformed lines of a file, and more puzzles than exist.
 */
export function sudoku(options: SudokuOptions = {}): Promise<Dataset> {
  return forModels((make) => makeSudoku(options, make))
}

/**
 * Returns a maze data set, generated in the way of Maze-Hard or read from files. The same options (and files) give the same
 * data set, byte for byte. Progress is shown after one second. It also starts the backend, which `createModel` needs.
 *
 * @example
 * const data = await maze({ size: 12, train: 200, test: 100, seed: 0 })
 * @throws UserError for invalid options, malformed lines of a file, and more mazes than exist.
 */
export function maze(options: MazeOptions = {}): Promise<Dataset> {
  return forModels((make) => makeMaze(options, make))
}

/**
 * Returns an ARC data set: ARC-AGI-1 or ARC-AGI-2 read from files, or generated tasks. The test split holds the `test`
 * pairs of the tested subset; the training split holds all other pairs. The same options and files give the same data set,
 * byte for byte. Progress is shown after one second. It also starts the backend, which `createModel` needs.
 *
 * @example
 * const data = await arc({ set: 'arc-1', dir: 'data/arc', augment: 1000, seed: 0 })
 * const small = await arc({ set: 'generated', train: 100, test: 50, board: 10, seed: 0 })
 * @throws UserError for invalid options, and for an error in a file, with file and place.
 */
export function arc(options: ArcOptions = {}): Promise<Dataset> {
  return forModels((make) => makeArc(options, make))
}

/**
 * Returns a data set of n-queens completion: boards with some of n non-attacking queens, drawn from all such boards.
 * Several answers may be correct; one is stored. The same options give the same data set, byte for byte. It also starts the
 * backend, which `createModel` needs.
 *
 * @example
 * const data = await queens({ size: 8, train: 1000, test: 300, seed: 0 })
 * @throws UserError for invalid options, and for more puzzles than exist.
 */
export function queens(options: QueensOptions = {}): Promise<Dataset> {
  return forModels(() => makeQueens(options))
}

/** Makes a data set as {@link withShownProgress} does, and starts the backend. */
export function forModels(make: (options: MakeOptions) => Promise<Dataset>): Promise<Dataset> {
  return withBackend(() => withShownProgress(make))
}

/**
 * Returns a data set with the backend started. Without a backend the data set is still returned; `createModel` then reports
 * the missing backend.
 */
export async function withBackend(make: () => Promise<Dataset>): Promise<Dataset> {
  const data = await make()
  await startBackend().catch(() => {})
  return data
}

/** Makes a data set and shows progress: in a notebook as an output, elsewhere on standard error. */
export function withShownProgress(make: (options: MakeOptions) => Promise<Dataset>): Promise<Dataset> {
  return currentHost() ? shownInNotebook(make) : shownInTerminal(make)
}

async function shownInTerminal(make: (options: MakeOptions) => Promise<Dataset>): Promise<Dataset> {
  const sink = streamSink(process.stderr)
  try {
    return await make({ progress: (progress) => sink.status(dataProgressText(progress)) })
  } finally {
    sink.status('')
  }
}

async function shownInNotebook(make: (options: MakeOptions) => Promise<Dataset>): Promise<Dataset> {
  let open: { readonly meter: Meter; readonly of: number | null; readonly work: string } | null = null
  const end = (state: 'done' | 'stopped'): void => {
    if (state === 'done' && open?.of) open.meter.at(open.of)
    open?.meter.end(state)
    open = null
  }
  try {
    const data = await make({
      progress({ done, of, unit, work }) {
        if (open?.work !== work) end('done')
        open ??= { meter: openMeter({ label: work, total: of, unit }), of, work }
        open.meter.at(done)
      },
    })
    end('done')
    return data
  } finally {
    end('stopped')
  }
}
