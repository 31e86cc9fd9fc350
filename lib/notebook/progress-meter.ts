import { randomUUID } from 'node:crypto'
import { UserError } from '../errors.js'
import { currentHost, type NotebookHost } from './host.js'
import { progressBundle } from './progress-forms.js'
import { type Better, createMetrics } from './progress-metrics.js'
import { type FirstPiece, type ProgressLine, progressText, type TimeLeft } from './progress-text.js'
import { streamSink } from './status-line.js'

/** What a line of progress is told at its beginning. */
export interface MeterOptions {
  /** In front of the line. */
  readonly label?: string
  /** How much is to be done; null where nobody knows. */
  readonly total: number | null
  /** Name of the counted things, in the plural. */
  readonly unit: string
  /** For each metric which values are better; default by its name. */
  readonly better?: Readonly<Record<string, Better>>
  /** The activity before the counted work begins. */
  readonly doing?: string
  /** The time to go where the caller measures it; null before it is known. Default: it follows from the rate so far. */
  readonly left?: () => TimeLeft | null
}

/** A line of progress while the work goes on. */
export interface Meter {
  /** So much is done. */
  at(done: number): void
  /** So much was done elsewhere, or before: it counts as done, and not for the rate. */
  skip(count: number): void
  /**
   * The latest values of metrics; the line shows them with the best so far.
   *
   * @param place what is said of where the best was; default how much was done
   */
  report(values: Readonly<Record<string, number | null>>, place?: string): void
  label(text: string): void
  /** The activity beside the counted work, e.g. `evaluating 40/300 puzzles`; empty for none. */
  doing(text: string): void
  /** The line above; empty for none. */
  head(text: string): void
  /** The work has ended; `stopped` when before its end. */
  end(state: 'done' | 'stopped'): void
}

/** A line, and what stands above it. */
interface BoardLine extends ProgressLine {
  /** Empty for none. */
  readonly head: string
}

/** One meter as its board sees it. */
interface Row {
  /** Aborted when its cell is stopped; undefined outside a notebook. */
  readonly signal: AbortSignal | undefined
  line(): BoardLine
  stop(): void
}

/** Where the lines of meters that run inside each other go, as one. */
interface Board {
  readonly rows: Row[]
  /** Lines that stay. */
  readonly ended: Row[]
  /** Earliest time of the next update. */
  nextAt: number
  show(lines: readonly BoardLine[]): void
  /** The last that is shown. */
  close(lines: readonly BoardLine[]): void
}

/** Twice a second. */
const UPDATE_MS = 500

/** Meters that begin while others run share their output. */
let open: Board | null = null

/**
 * Opens a line of progress: in a notebook an output that changes at most twice a second, in a terminal a line that is
 * written over, in a file a line every ten seconds and one at the end. A line that begins while another runs is shown
 * below it as long as it runs.
 */
export function openMeter(options: MeterOptions): Meter {
  const { total, unit } = options
  const began = performance.now()
  const metrics = createMetrics(options.better)
  let { label = '', doing = '' } = options
  let head = ''
  let first: FirstPiece | null = null
  let done = 0
  let doneBefore = 0
  let state: ProgressLine['state'] = 'running'
  let endedAt = 0

  const line = (): BoardLine => ({
    label,
    done,
    total,
    unit,
    doneBefore,
    first,
    ...(options.left ? { left: options.left() } : {}),
    doing: state === 'running' ? doing : '',
    head,
    seconds: ((state === 'running' ? performance.now() : endedAt) - began) / 1000,
    metrics: metrics.texts(),
    state,
  })
  const end = (how: 'done' | 'stopped'): void => {
    if (state !== 'running') return
    state = how
    endedAt = performance.now()
    leave(board, row)
  }
  const row: Row = { signal: currentHost()?.signal, line, stop: () => end('stopped') }
  const board = join(row)
  return {
    at: (now) => {
      done = now
      if (!first && done > doneBefore) first = { done, seconds: (performance.now() - began) / 1000 }
      if (performance.now() >= board.nextAt) refresh(board)
    },
    skip: (count) => {
      done += count
      doneBefore += count
      first = null
    },
    report: (values, place) => {
      metrics.report(values, place ?? done)
      if (performance.now() >= board.nextAt) refresh(board)
    },
    label: (text) => {
      label = text
    },
    doing: (text) => {
      doing = text
      if (performance.now() >= board.nextAt) refresh(board)
    },
    head: (text) => {
      head = text
      refresh(board)
    },
    end,
  }
}

function join(row: Row): Board {
  if (open) {
    open.rows.push(row)
    return open
  }
  const board = newBoard()
  board.rows.push(row)
  open = board
  refresh(board)
  return board
}

/** The line of the outermost loop stays; one inside it goes with its loop, as the next may come in a moment. */
function leave(board: Board, row: Row): void {
  const at = board.rows.indexOf(row)
  board.rows.splice(at, 1)
  if (at === 0) board.ended.push(row)
  if (board.rows.length > 0) return
  if (open === board) open = null
  board.close(lines(board))
}

function refresh(board: Board): void {
  board.nextAt = performance.now() + UPDATE_MS
  board.show(lines(board))
}

function lines({ ended, rows }: Board): BoardLine[] {
  return [...ended, ...rows].map((row) => row.line())
}

function newBoard(): Board {
  const host = currentHost()
  return { rows: [], ended: [], nextAt: 0, ...(host ? notebookBoard(host) : streamBoard()) }
}

function notebookBoard(host: NotebookHost): Pick<Board, 'show' | 'close'> {
  host.atCellEnd('progress', handOver)
  host.atForcedStop('progress', stopAll)
  const id = randomUUID()
  let begun = false
  const show = (lines: readonly BoardLine[]): void => {
    const texts = lines.flatMap((line) => [...(line.head === '' ? [] : [line.head]), progressText(line, true)])
    const bundle = progressBundle(texts)
    if (begun) host.update(bundle, id)
    else host.display(bundle, id)
    begun = true
  }
  return { show, close: show }
}

function streamBoard(): Pick<Board, 'show' | 'close'> {
  const stream = process.stdout
  const sink = streamSink(stream, 'later')
  const text = (lines: readonly ProgressLine[]): string =>
    lines.map((line) => progressText(line, stream.isTTY)).join(' | ')
  return { show: (lines) => sink.status(text(lines)), close: (lines) => sink.line(text(lines)) }
}

/**
 * What goes on behind the end of its cell keeps its output; the next cell's lines get their own. A loop whose cell was
 * stopped while it waited goes no further, and is not told.
 */
function handOver(): void {
  stopRows(({ signal }) => signal?.aborted === true)
  if (open) refresh(open)
  open = null
}

/** Loops that were stopped by force have not been told. */
function stopAll(): void {
  stopRows(() => true)
  open = null
}

/** The innermost first. */
function stopRows(which: (row: Row) => boolean): void {
  for (const row of [...(open?.rows ?? [])].reverse()) if (which(row)) row.stop()
}

/** @throws UserError for what is no number of steps. */
export function checkTotal(total: number, where: string): void {
  if ((Number.isInteger(total) && total >= 0) || total === Number.POSITIVE_INFINITY) return
  throw new UserError({ where, expected: 'a whole number of 0 or more', found: String(total) })
}
