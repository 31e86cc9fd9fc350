/** The parts of Node's inside that can empty its stack of running callbacks. */
interface Inside {
  noDeprecation?: boolean
  binding?(name: string): { clearAsyncIdStack?: () => void }
  /** Node calls it for what nobody has caught, and it leaves the stack empty. */
  _fatalException?: (error: unknown, fromPromise: boolean) => boolean
  hasUncaughtExceptionCaptureCallback(): boolean
  setUncaughtExceptionCaptureCallback(callback: ((error: Error) => void) | null): void
}

/**
 * A function that makes Node's stack of callbacks empty, of whose ends a forced stop leaves out some. Node 20 and 22 have
 * one; Node 24 does not give it out, but empties the stack after an error that nobody has caught, which can be called.
 *
 * Without both nothing is emptied. Then a forced stop of a busy cell may end the process of the cells, because Node finds
 * its stack torn; the kernel starts anew and says so. Stops of cells that wait are not concerned.
 */
export function loadClearStack(inside: Inside = process as Inside): () => void {
  return fromBinding(inside) ?? fromFatalException(inside) ?? (() => {})
}

function fromBinding(inside: Inside): (() => void) | null {
  const { noDeprecation = false } = inside
  // There is no other way in, and the warning would be the first line of every notebook.
  inside.noDeprecation = true
  try {
    const wrap = inside.binding?.('async_wrap')
    return wrap?.clearAsyncIdStack ? () => wrap.clearAsyncIdStack?.() : null
  } catch {
    return null
  } finally {
    inside.noDeprecation = noDeprecation
  }
}

function fromFatalException(inside: Inside): (() => void) | null {
  if (typeof inside._fatalException !== 'function') return null
  return () => {
    // A cell that catches such errors itself is not to see this one; there is no way to take its callback's place.
    if (inside.hasUncaughtExceptionCaptureCallback()) return
    inside.setUncaughtExceptionCaptureCallback(() => {})
    try {
      inside._fatalException?.(null, false)
    } finally {
      inside.setUncaughtExceptionCaptureCallback(null)
    }
  }
}

/** At these places of Node's code the stack of callbacks is being changed, or a list of timers is half done. */
const UNSAFE =
  /^node:(internal\/(async_hooks|process\/|timers|bootstrap\/|util\/inspector)|async_hooks|timers|inspector)/

/** How many frames of built-in functions may stand above the code that is running. */
const FRAMES = 12

/**
 * Whether the code that is interrupted now can be ended: a place that is not in the middle of Node's bookkeeping.
 *
 * @param here the function that the interruption called; what stands below it was interrupted
 */
export function isSafePlace(here: (...args: never[]) => unknown): boolean {
  // The evaluation of the interruption and built-in functions have no URL; no frame at all means between two callbacks.
  return !UNSAFE.test(urlsBelow(here, FRAMES).find((url) => url !== '') ?? '')
}

const LOADER = /^node:internal\/modules\//
const PACKAGE = /\/node_modules\//

/**
 * Whether what is interrupted now is a package that Node is loading: its top level, or the loader itself. Node cannot load
 * it again when it is ended there. A function of a cell or of the project that a package calls meanwhile can be ended.
 *
 * @param here the function that the interruption called; what stands below it was interrupted
 * @param underway whether packages are being loaded: one may go on after an await, where the loader is not on the stack
 */
export function isLoadingPackage(here: (...args: never[]) => unknown, underway: boolean): boolean {
  const urls = urlsBelow(here, Number.POSITIVE_INFINITY)
  const others = urls.filter((url) => url !== '' && !url.startsWith('node:'))
  const top = others[0]
  if (top !== undefined && !PACKAGE.test(top)) return false
  if (urls.some((url) => LOADER.test(url))) return true
  return underway && top !== undefined && others.every((url) => PACKAGE.test(url))
}

/** Where the code stands that was interrupted, innermost first. */
function urlsBelow(here: (...args: never[]) => unknown, frames: number): readonly string[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder = {} as { stack: readonly string[] }
  Error.stackTraceLimit = frames
  Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getScriptNameOrSourceURL() ?? '')
  Error.captureStackTrace(holder, here)
  const urls: unknown = holder.stack
  Error.prepareStackTrace = prepareStackTrace
  Error.stackTraceLimit = stackTraceLimit
  // A Node that does not ask for the places writes a text.
  return Array.isArray(urls) ? urls : []
}
