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
   * Outside a notebook it prints nothing, since what was printed cannot be replaced.
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
  sentAt: number
}

/** Twice a second. */
const UPDATE_MS = 500

const handles = new WeakSet<object>()
/** Shown in this cell: those with a figure still lack its static form. */
const unsettled = new Set<Shown>()
let warned = false

/**
 * Shows a value under the running cell: a figure as an interactive plot (and, when the cell ends, as SVG in the
 * same output, for GitHub and HTML), an Arrow table, an arquero table or an array of objects as a table,
 * anything else as text. In a plain terminal it prints text.
 *
 * @returns a handle: `const d = show(figure); d.update(laterFigure)` replaces what is shown.
 */
export function show(value: unknown): Display {
  const shown: Shown = { id: randomUUID(), value, stale: false, timer: null, sentAt: 0 }
  const host = currentHost()
  if (host) {
    send(shown, (bundle) => host.display(bundle, shown.id))
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
 * Sends what is still held back and adds the static SVG to every figure shown. The kernel calls it at the end of a
 * cell, so that training does not wait for drawings; it never fails: without kaleido a figure stays without SVG.
 */
export async function settleDisplays(): Promise<void> {
  const all = [...unsettled]
  unsettled.clear()
  for (const shown of all) {
    if (shown.timer) clearTimeout(shown.timer)
    shown.timer = null
    if (isFigure(shown.value)) await addDrawing(shown, shown.value)
    else if (shown.stale) sendUpdate(shown)
    unsettled.delete(shown)
  }
}

function update(shown: Shown, value: unknown): void {
  if (!currentHost()) return
  shown.value = value
  shown.stale = true
  unsettled.add(shown)
  if (shown.timer) return
  const wait = shown.sentAt + UPDATE_MS - performance.now()
  if (wait <= 0) sendUpdate(shown)
  else shown.timer = setTimeout(() => sendUpdate(shown), wait)
}

function sendUpdate(shown: Shown): void {
  if (shown.timer) clearTimeout(shown.timer)
  shown.timer = null
  if (!shown.stale) return
  send(shown, (bundle) => currentHost()?.update(bundle, shown.id))
}

function send(shown: Shown, emit: (bundle: MimeBundle) => void): void {
  emit(bundleOf(shown.value))
  shown.stale = false
  shown.sentAt = performance.now()
  unsettled.add(shown)
}

/** Draws the latest figure; one that comes while drawing is drawn next. */
async function addDrawing(shown: Shown, figure: Figure): Promise<void> {
  shown.stale = false
  let drawing: MimeBundle = {}
  try {
    drawing = { 'image/svg+xml': await renderFigure(figure, 'svg') }
  } catch (error) {
    if (!warned) process.stderr.write(`Figures stay without their static form: ${systemReason(error)}\n`)
    warned = true
  }
  if (shown.stale && isFigure(shown.value)) return addDrawing(shown, shown.value)
  currentHost()?.update({ ...bundleOf(figure), ...drawing }, shown.id)
}
