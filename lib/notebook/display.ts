import { randomUUID } from 'node:crypto'
import { systemReason } from '../files/atomic.js'
import { type Figure, isFigure } from '../plot/figure.js'
import { renderFigure } from '../plot/static.js'
import { bundleOf } from './bundle.js'
import { currentHost, type MimeBundle } from './host.js'

/** Something shown that can be replaced; see {@link show}. */
export interface Display {
  /** Names the output to the front end. */
  readonly id: string
  /**
   * Shows another value in its place, at most twice a second: of values that come faster, the latest is shown.
   * Where nobody watches (a headless run), only the last value of the cell is sent; in a plain terminal, where what was
   * printed cannot be replaced, none.
   */
  update(value: unknown): void
}

interface Shown {
  readonly id: string
  /** What was shown last, or is to be shown. */
  value: unknown
  /** Not sent yet. */
  stale: boolean
  timer: NodeJS.Timeout | null
  /** Being drawn and sent. */
  busy: Promise<void> | null
  /** Earliest time of the next update. */
  nextAt: number
}

/** Twice a second … */
const UPDATE_MS = 500
/** … and for figures no more often than costs 5 % of one core, unless that is less than once in these milliseconds. */
const DRAWING_SHARE = 0.05
const FIGURE_MS = 3000

const handles = new WeakSet<object>()
/** Shown in this cell: those with a figure still lack its static form. */
const unsettled = new Set<Shown>()
let warned = false

/**
 * Shows a value under the running cell: a figure as an interactive plot (and, when the cell ends, as SVG in the
 * same output, for GitHub and HTML), a picture of puzzles as SVG, an Arrow table, an arquero table or an array of objects
 * as a table, anything else as text. In a plain terminal it prints text.
 *
 * @returns a handle: `const d = show(figure); d.update(laterFigure)` replaces what is shown.
 */
export function show(value: unknown): Display {
  const shown: Shown = { id: randomUUID(), value, stale: false, timer: null, busy: null, nextAt: 0 }
  const host = currentHost()
  if (host) {
    host.display(bundleOf(value), shown.id)
    shown.nextAt = performance.now() + UPDATE_MS
    if (isFigure(value)) unsettled.add(shown)
  } else process.stdout.write(`${String(bundleOf(value)['text/plain'])}\n`)
  const handle: Display = { id: shown.id, update: (next) => update(shown, next) }
  handles.add(handle)
  return handle
}

/** Removes what the running cell has shown and printed; with `wait`, only when something new comes. */
export function clearOutput(wait = false): void {
  currentHost()?.clear(wait)
}

/** Whether a value is what `show` returned: a cell that ends in it has no result to print. */
export function isDisplay(value: unknown): value is Display {
  return typeof value === 'object' && value !== null && handles.has(value)
}

/**
 * Sends what is still held back, figures with their static SVG. The kernel calls it at the end of a cell, so that
 * training does not wait for drawings; it never fails: without kaleido a figure stays without SVG.
 */
export async function settleDisplays(): Promise<void> {
  const all = [...unsettled]
  unsettled.clear()
  for (const shown of all) {
    if (shown.timer) clearTimeout(shown.timer)
    shown.timer = null
    await shown.busy
    // A value that comes while the last one is drawn is sent too.
    do {
      shown.stale = false
      const { value } = shown
      const drawing = isFigure(value) ? await draw(value) : null
      if (!shown.stale) currentHost()?.update({ ...bundleOf(value), ...drawing }, shown.id)
    } while (shown.stale)
    unsettled.delete(shown)
  }
}

function update(shown: Shown, value: unknown): void {
  const host = currentHost()
  if (!host) return
  shown.value = value
  shown.stale = true
  unsettled.add(shown)
  // Where nobody watches, drawing figures would only cost time; a line of text is progress in a log.
  if ((!host.live && isFigure(value)) || shown.timer || shown.busy) return
  const wait = shown.nextAt - performance.now()
  if (wait <= 0) sendLive(shown)
  else shown.timer = setTimeout(() => sendLive(shown), wait)
}

function sendLive(shown: Shown): void {
  shown.timer = null
  shown.busy = sendNow(shown).finally(() => {
    shown.busy = null
    if (shown.stale && unsettled.has(shown)) update(shown, shown.value)
  })
}

/**
 * While a cell runs, a changing figure is sent as a drawing: JupyterLab's plotly renderer draws an output once and ignores
 * every update of it. When the cell ends the interactive plot takes the drawing's place.
 */
async function sendNow(shown: Shown): Promise<void> {
  const { value } = shown
  shown.stale = false
  const started = performance.now()
  const bundle = bundleOf(value)
  if (isFigure(value)) {
    const drawing = await draw(value)
    // Without kaleido: another form in between makes the renderer draw anew.
    if (!drawing) currentHost()?.update({ 'text/plain': bundle['text/plain'] }, shown.id)
    currentHost()?.update(drawing ? { ...drawing, 'text/plain': bundle['text/plain'] } : bundle, shown.id)
  } else currentHost()?.update(bundle, shown.id)
  const took = performance.now() - started
  shown.nextAt = performance.now() + Math.max(UPDATE_MS, Math.min(FIGURE_MS, took / DRAWING_SHARE))
}

/** The static form of a figure; null, with a warning once, when it cannot be drawn. */
async function draw(figure: Figure): Promise<MimeBundle | null> {
  try {
    return { 'image/svg+xml': await renderFigure(figure, 'svg') }
  } catch (error) {
    if (!warned) process.stderr.write(`Figures stay without their static form: ${systemReason(error)}\n`)
    warned = true
    return null
  }
}
