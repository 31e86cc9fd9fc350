/** Depth of nested sections that must not be torn. */
let depth = 0
/** Ends the code that runs, called at the end of the outermost section; null when no stop waits for it. */
let waiting: (() => void) | null = null
/** V8 was told to end the code that runs, and has not been seen to do so. */
let ending = false

/** A forced stop should take no longer than this to take effect. */
const LONGEST_MS = 1000

/** V8 ends the code that runs at the next call or turn of a loop: this many milliseconds are thousands of them. */
const EFFECT_MS = 1

/**
 * Runs kernel code that a forced stop must not tear: a stop that arrives meanwhile takes effect at the section's end. The
 * code must not call the user's.
 */
export function critical<T>(work: () => T): T {
  // The stop may have arrived at the call of this very function, before there was a section, and V8 ends the code a
  // little later: inside `work`, which would be torn and whose `finally` would not run. Here nothing is torn.
  if (ending) takeEffect(EFFECT_MS)
  depth++
  try {
    return work()
  } finally {
    depth--
    if (depth === 0 && waiting) endHere(waiting)
  }
}

/** Whether the main thread is in such a section. */
export function isCritical(): boolean {
  return depth > 0
}

/** Whether the main thread is in such a section; if so, `terminate` is called when it leaves the section. */
export function deferIfCritical(terminate: () => void): boolean {
  if (depth === 0) return false
  waiting = terminate
  return true
}

/** To be called when V8 is told to end the code that runs. */
export function endingBegins(): void {
  ending = true
}

/** To be called when V8 has ended the code that ran: no section goes on. */
export function endingIsOver(): void {
  ending = false
  waiting = null
  depth = 0
}

/** No further code of Node's may run between the call and its effect, so the effect is waited for in a loop. */
function endHere(terminate: () => void): void {
  waiting = null
  terminate()
  takeEffect(LONGEST_MS)
}

/** Turns in a loop, which V8 can end. Where the loop ends by itself, the code that was to end has ended before. */
function takeEffect(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
  ending = false
}
