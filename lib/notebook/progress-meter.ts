import { randomUUID } from 'node:crypto'
import { UserError } from '../errors.js'
import { currentHost, type NotebookHost } from './host.js'
import { progressBundle } from './progress-forms.js'
import { type Better, createMetrics } from './progress-metrics.js'
import { type FirstPiece, type ProgressLine, progressText, type TimeLeft } from './progress-text.js'
import { streamSink } from './status-line.js'

/** Options of a progress line. */
export interface MeterOptions {
  /** Prefix of the line. */
  readonly label?: string
  /** Total amount of work; null if unknown. */
  readonly total: number | null
  /** The counted unit, in the plural. */
  readonly unit: string
  /** Which values of each metric are better; default: derived from its name. */
  readonly better?: Readonly<Record<string, Better>>
  /** The activity before the counted work begins. */
  readonly doing?: string
  /**
   * Returns the time left if the caller measures it; null before it is known. Default: derived from the rate so far.
   */
  readonly left?: () => TimeLeft | null
}

/** A progress line of work that is running. */
export interface Meter {
  /** Sets the amount done. */
  at(done: number): void
  /** Adds work done elsewhere or earlier: it counts as done, but not in the rate. */
  skip(count: number): void
  /**
   * Sets the latest values of metrics; the line shows them with the best so far.
   *
   * @param place the position shown with the best value; default: the amount done
   */
  report(values: Readonly<Record<string, number | null>>, place?: string): void
  label(text: string): void
  /** Sets the activity besides the counted work, e.g. `evaluating 40/300 puzzles`; empty for none. */
  doing(text: string): void
  /** Sets the line above; empty for none. */
  head(text: string): void
  /** Ends the line; `stopped` if the work did not complete. */
  end(state: 'done' | 'stopped'): void
}

/** A line with its heading. */
interface BoardLine extends ProgressLine {
  /** The heading; empty for none. */
  readonly head: string
}

/** One meter of a board. */
interface Row {
  /** Aborted when the meter's cell is stopped; undefined outside a notebook. */
  readonly signal: AbortSignal | undefined
  line(): BoardLine
  stop(): void
}

/** The shared output of nested meters. */
interface Board {
  readonly rows: Row[]
  /** Ended lines that remain visible. */
  readonly ended: Row[]
  /** Earliest time of the next update. */
  nextAt: number
  show(lines: readonly BoardLine[]): void
  /** Shows the final lines. */
  close(lines: readonly BoardLine[]): void
}

/** Twice a second. */
const UPDATE_MS = 500

/** Meters that begin while others run share their output. */
let open: Board | null = null

/**
 * Opens a progress line: in a notebook an output that changes at most twice a second, in a terminal a line that is
 * overwritten, in a file a line every ten seconds and one at the end. A line that begins while another runs is shown below
 * it until it ends.
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

/** Keeps the line of the outermost loop; an inner one disappears with its loop, as the next may begin at once. */
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
 * Work that outlives its cell keeps its output; the next cell's lines get their own. A loop whose cell was stopped while it
 * waited does not continue, and receives no event.
 */
function handOver(): void {
  stopRows(({ signal }) => signal?.aborted === true)
  if (open) refresh(open)
  open = null
}

/** Stops the lines of loops that were stopped by force, which receive no event. */
function stopAll(): void {
  stopRows(() => true)
  open = null
}

/** Stops the innermost first. */
function stopRows(which: (row: Row) => boolean): void {
  for (const row of [...(open?.rows ?? [])].reverse()) if (which(row)) row.stop()
}

/** Checks a number of steps. @throws UserError unless it is a whole number of 0 or more. */
export function checkTotal(total: number, where: string): void {
  if ((Number.isInteger(total) && total >= 0) || total === Number.POSITIVE_INFINITY) return
  throw new UserError({ where, expected: 'a whole number of 0 or more', found: String(total) })
}
