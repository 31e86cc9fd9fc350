import { randomUUID } from 'node:crypto'
import { type Figure, isFigure, plainFigure } from '../plot/figure.js'
import { liveForm } from '../plot/forms.js'
import { isPicture, type Picture } from '../plot/picture.js'
import { bundleOf, JUPYTER_DISPLAY, markShown, shownBundle } from './bundle.js'
import { currentHost, type MimeBundle, type NotebookHost } from './host.js'
import { drawing, hasStills, stillsOf } from './stills.js'
import { isTensor } from './tensor.js'

/** An output that can be replaced; see {@link show}. */
export interface Display {
  /** Identifies the output to the front end. */
  readonly id: string
  /**
   * Replaces the value, at most twice a second: of values that come faster, the latest is shown. In a headless run, only
   * the last figure of the cell is sent; in a plain terminal, where output cannot be replaced, nothing is.
   */
  update(value: unknown): void
}

/** Options of {@link show}. */
export interface ShowOptions {
  /** Maximum share of one core's time for drawing a figure that changes; default 0.05. */
  readonly drawingShare?: number
}

interface Shown {
  readonly id: string
  readonly drawingShare: number
  /** The value shown last or to be shown next. */
  value: unknown
  /** Whether the value has not been sent. */
  stale: boolean
  timer: NodeJS.Timeout | null
  /** The current sender; one that finishes late and finds another here sends nothing. */
  turn: Turn | null
  /** Earliest time of the next update. */
  nextAt: number
}

interface Turn {
  readonly done: Promise<void>
}

/** A method of this name receives the id under which an object is shown; widgets have one. */
const SHOWN_AS: unique symbol = Symbol.for('recurlab.shownAs') as never

/** Twice a second, … */
const UPDATE_MS = 500
/** … and for figures no more often than their share of one core allows, but at least once in this many milliseconds. */
const DRAWING_SHARE = 0.05
const LONGEST_PAUSE_MS = 3000
/** Milliseconds counted of the first drawing, which also starts the drawing program. */
const FIRST_DRAWING_MS = 100
/**
 * Maximum wait of a cell for all its drawings. They take 0.1 s each and the browser's start 1 to 3 s, but on a machine with
 * many more busy processes than cores the start was seen to take 18 s.
 */
const SETTLE_MS = 60_000

/**
 * Outputs of this cell whose last form has not been sent. Stored globally, so that a reloaded module continues with it.
 */
const holder = globalThis as { [unsettledKey]?: Set<Shown> }
const unsettledKey: unique symbol = Symbol.for('recurlab.displays') as never
if (!holder[unsettledKey]) holder[unsettledKey] = new Set()
const unsettled: Set<Shown> = holder[unsettledKey]

let drawnBefore = false

/**
 * Shows a value under the running cell: a figure as an interactive plot (and, when the cell ends, as SVG and PDF in the
 * same output, for GitHub, HTML and LaTeX), a picture of puzzles as SVG, an Arrow table, an arquero table or an array of
 * objects as a table (a long one in pages, sorted by a click on a column's name), a tensor with its statistics, an object
 * with a method `Symbol.for('Jupyter.display')` as that method returns, anything else as text. In a plain terminal it
 * prints text.
 *
 * @returns a handle: `const d = show(figure); d.update(laterFigure)` replaces what is shown.
 */
export function show(value: unknown, { drawingShare = DRAWING_SHARE }: ShowOptions = {}): Display {
  const shown: Shown = {
    id: randomUUID(),
    drawingShare,
    value: kept(value),
    stale: false,
    timer: null,
    turn: null,
    nextAt: 0,
  }
  const host = currentHost()
  if (host) {
    register(host)
    host.display(shownBundle(value), shown.id)
    tellId(value, shown.id)
    shown.nextAt = performance.now() + UPDATE_MS
    if (hasStills(value)) unsettled.add(shown)
  } else process.stdout.write(`${String(bundleOf(value)['text/plain'])}\n`)
  return markShown({ id: shown.id, update: (next: unknown) => update(shown, next) })
}

/** Tells an object the id of its output, so that it can update it. */
function tellId(value: unknown, id: string): void {
  const told = typeof value === 'object' && value !== null ? (value as { [SHOWN_AS]?: unknown })[SHOWN_AS] : undefined
  if (typeof told === 'function') told.call(value, id)
}

/**
 * Removes the outputs of the running cell.
 *
 * @param wait whether they stay until the next output. Default: false
 */
export function clearOutput(wait = false): void {
  currentHost()?.clear(wait)
}

/**
 * Sends pending outputs: first the ones without a drawing, since a stopped cell ends before a slow drawing is ready; then
 * figures with their static SVG. The notebook kernel calls it at the end of a cell, so that training does not wait for
 * drawings. It never fails and never waits for long: a figure that cannot be drawn has no SVG.
 */
export async function settleDisplays(): Promise<void> {
  const until = performance.now() + SETTLE_MS
  const figuresLast = [...unsettled].sort((a, b) => Number(isFigure(a.value)) - Number(isFigure(b.value)))
  for (const shown of figuresLast) await settle(shown, until)
}

function register(host: NotebookHost): void {
  host.atCellEnd('displays', settleDisplays)
  host.atForcedStop('displays', forgetDrawings)
}

/** Discards drawings after a forced stop, since they may never finish. Unsent values are sent at the cell's end. */
function forgetDrawings(): void {
  for (const shown of unsettled) shown.turn = null
}

async function settle(shown: Shown, until: number): Promise<void> {
  if (shown.timer) clearTimeout(shown.timer)
  shown.timer = null
  if (shown.turn) await before(until, shown.turn.done)
  if (isPicture(shown.value) && currentHost()?.live) {
    settleBehind(shown, shown.value)
    return
  }
  let end = (): void => {}
  // While the output settles, updates only store their value.
  const turn: Turn = { done: new Promise((resolve) => (end = resolve)) }
  shown.turn = turn
  // A value that arrives during a drawing is sent too, but not every further one: the next cell is waiting.
  for (let round = 0; round < 2; round++) {
    const { value } = shown
    const wanted = shown.stale || hasStills(value)
    shown.stale = false
    const stills = hasStills(value) ? await before(until, stillsOf(value)) : null
    if (shown.turn !== turn) return
    if (wanted) currentHost()?.update({ ...bundleOf(value), ...stills }, shown.id)
    if (!shown.stale) break
  }
  shown.turn = null
  unsettled.delete(shown)
  end()
  if (shown.stale) update(shown, shown.value)
}

/** Sends a picture's PDF later: the picture is already complete, so the cell need not wait for it. */
function settleBehind(shown: Shown, picture: Picture): void {
  if (shown.stale) currentHost()?.update(bundleOf(picture), shown.id)
  shown.stale = false
  unsettled.delete(shown)
  void stillsOf(picture).then((stills) => {
    if (stills && shown.value === picture) currentHost()?.update({ ...bundleOf(picture), ...stills }, shown.id)
  })
}

/** Returns the result of a promise, or null if it is not ready in time. */
async function before<T>(until: number, promise: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, until - performance.now()), null)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function update(shown: Shown, value: unknown): void {
  const host = currentHost()
  if (!host) return
  shown.value = kept(value)
  shown.stale = true
  unsettled.add(shown)
  // In a headless run, drawing figures would only cost time; a line of text is progress in a log.
  if ((!host.live && isFigure(value)) || shown.turn) return
  const wait = shown.nextAt - performance.now()
  // In a loop that never yields to timers, the step that is due sends the update itself.
  if (wait <= 0) send(shown, host)
  else shown.timer ??= setTimeout(() => send(shown, currentHost()), wait)
}

/** Returns a copy: by the time it is sent, a tensor may be disposed and an array may hold other numbers. */
function kept(value: unknown): unknown {
  if (isTensor(value)) return asShownNow(value)
  return isFigure(value) ? plainFigure(value) : value
}

function asShownNow(value: unknown): { [JUPYTER_DISPLAY](): MimeBundle } {
  const bundle = bundleOf(value)
  return { [JUPYTER_DISPLAY]: () => bundle }
}

function send(shown: Shown, host: NotebookHost | null): void {
  if (shown.timer) clearTimeout(shown.timer)
  shown.timer = null
  const { value } = shown
  shown.stale = false
  if (isFigure(value)) {
    sendDrawing(shown, value)
    return
  }
  host?.update(bundleOf(value), shown.id)
  if (!hasStills(value)) unsettled.delete(shown)
  shown.nextAt = performance.now() + UPDATE_MS
}

/**
 * Sends a changing figure as a drawing while its cell runs: JupyterLab's plotly renderer draws an output once and ignores
 * every update. When the cell ends, the interactive plot replaces the drawing.
 */
function sendDrawing(shown: Shown, figure: Figure): void {
  const started = performance.now()
  const finish = (drawing: MimeBundle | null): void => {
    if (shown.turn !== turn) return
    const bundle = bundleOf(figure)
    // Without a drawing: another form in between makes the renderer redraw.
    if (!drawing) currentHost()?.update({ 'text/plain': bundle['text/plain'] }, shown.id)
    currentHost()?.update(drawing ? { ...drawing, 'text/plain': bundle['text/plain'] } : bundle, shown.id)
    shown.nextAt = performance.now() + pause(performance.now() - started, shown.drawingShare)
    shown.turn = null
    if (shown.stale) update(shown, shown.value)
  }
  const turn: Turn = { done: drawing(liveForm(figure)).then((drawn) => finish(drawn && filling(drawn))) }
  shown.turn = turn
}

/** Makes a drawing without a size as wide as its cell; JupyterLab would cut off a wider one. */
function filling(drawing: MimeBundle): MimeBundle {
  const svg = String(drawing['image/svg+xml'])
  const [start = ''] = /^<svg[^>]*>/.exec(svg) ?? []
  return { 'image/svg+xml': start.replace(/ (width|height)="[^"]*"/g, '') + svg.slice(start.length) }
}

/** Returns the milliseconds until the next drawing, after one that took `took`. */
function pause(took: number, share: number): number {
  const counted = drawnBefore ? took : Math.min(took, FIRST_DRAWING_MS)
  drawnBefore = true
  return Math.max(UPDATE_MS, Math.min(LONGEST_PAUSE_MS * (DRAWING_SHARE / share), counted / share))
}
