/** The parts of Node that can empty its stack of running callbacks. */
interface Inside {
  noDeprecation?: boolean
  binding?(name: string): { clearAsyncIdStack?: () => void }
  /** Node's own handler of uncaught errors, which leaves the stack empty. */
  _fatalException?: (error: unknown, fromPromise: boolean) => boolean
  hasUncaughtExceptionCaptureCallback(): boolean
  setUncaughtExceptionCaptureCallback(callback: ((error: Error) => void) | null): void
}

/**
 * Returns a function that empties Node's stack of running callbacks, some of whose ends a forced stop skips. Node 20
 * and 22 have such a function; Node 24 hides it, but empties the stack in its handler of uncaught errors, which can be
 * called.
 *
 * Without either, nothing is emptied. A forced stop of a busy cell may then end the cells' process, because Node finds
 * its stack corrupt; the kernel restarts and says so. Stops of waiting cells are not affected.
 */
export function loadClearStack(inside: Inside = process as Inside): () => void {
  return fromBinding(inside) ?? fromFatalException(inside) ?? (() => {})
}

function fromBinding(inside: Inside): (() => void) | null {
  const { noDeprecation = false } = inside
  // There is no other access to it, and the warning would be the first line of every notebook.
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
    // A cell that catches such errors itself must not see this one, and its callback cannot be replaced for a moment.
    if (inside.hasUncaughtExceptionCaptureCallback()) return
    inside.setUncaughtExceptionCaptureCallback(() => {})
    try {
      inside._fatalException?.(null, false)
    } finally {
      inside.setUncaughtExceptionCaptureCallback(null)
    }
  }
}

/** In these modules of Node the stack of callbacks is being changed, or a list of timers is half processed. */
const UNSAFE =
  /^node:(internal\/(async_hooks|process\/|timers|bootstrap\/|util\/inspector)|async_hooks|timers|inspector)/

/** Frames of built-in functions that may stand above the running code. */
const FRAMES = 12

/**
 * Returns whether the interrupted code can be ended: whether it is outside Node's bookkeeping.
 *
 * @param here the function called by the interruption; the frames below it were interrupted
 */
export function isSafePlace(here: (...args: never[]) => unknown): boolean {
  // The interrupting evaluation and built-in functions have no URL; no frames at all means a point between two
  // callbacks.
  return !UNSAFE.test(urlsBelow(here, FRAMES).find((url) => url !== '') ?? '')
}

const LOADER = /^node:internal\/modules\//
const PACKAGE = /\/node_modules\//

/**
 * Returns whether the interrupted code is a package that Node is loading: its top level, or the loader itself. Node
 * cannot load the package again if it is ended there. A function of a cell or of the project that the package calls can
 * be ended.
 *
 * @param here the function called by the interruption; the frames below it were interrupted
 * @param underway whether packages are being loaded: one may continue after an await, without the loader on the stack
 */
export function isLoadingPackage(here: (...args: never[]) => unknown, underway: boolean): boolean {
  const urls = urlsBelow(here, Number.POSITIVE_INFINITY)
  const others = urls.filter((url) => url !== '' && !url.startsWith('node:'))
  const top = others[0]
  if (top !== undefined && !PACKAGE.test(top)) return false
  if (urls.some((url) => LOADER.test(url))) return true
  return underway && top !== undefined && others.every((url) => PACKAGE.test(url))
}

/** Returns the URLs of the interrupted frames, innermost first. */
function urlsBelow(here: (...args: never[]) => unknown, frames: number): readonly string[] {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder = {} as { stack: readonly string[] }
  Error.stackTraceLimit = frames
  Error.prepareStackTrace = (_, sites) => sites.map((site) => site.getScriptNameOrSourceURL() ?? '')
  Error.captureStackTrace(holder, here)
  const urls: unknown = holder.stack
  Error.prepareStackTrace = prepareStackTrace
  Error.stackTraceLimit = stackTraceLimit
  // A Node that does not ask for call sites formats a text.
  return Array.isArray(urls) ? urls : []
}
