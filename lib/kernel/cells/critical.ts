/** Depth of nested sections that must not be torn. */
let depth = 0
/** Ends the running code, at the end of the outermost section; null when no stop is waiting. */
let waiting: (() => void) | null = null
/** Whether V8 was told to end the running code, and has not been seen to do so. */
let ending = false

/** Milliseconds within which a forced stop takes effect. */
const LONGEST_MS = 1000

/** V8 ends the running code at the next call or loop iteration; this many milliseconds are thousands of them. */
const EFFECT_MS = 1

/**
 * Runs kernel code that a forced stop must not tear: a stop that arrives meanwhile takes effect at the section's end.
 * The code must not call the user's code.
 */
export function critical<T>(work: () => T): T {
  // The stop may have arrived during the call of this very function, before the section, and V8 ends the code a little
  // later: inside `work`, which would be torn and whose `finally` would not run. Here nothing is torn.
  if (ending) takeEffect(EFFECT_MS)
  depth++
  try {
    return work()
  } finally {
    depth--
    if (depth === 0 && waiting) endHere(waiting)
  }
}

/** Returns whether the main thread is in such a section. */
export function isCritical(): boolean {
  return depth > 0
}

/** Returns whether the main thread is in such a section; if so, `terminate` is called when it leaves the section. */
export function deferIfCritical(terminate: () => void): boolean {
  if (depth === 0) return false
  waiting = terminate
  return true
}

/** Records that V8 is told to end the running code. */
export function endingBegins(): void {
  ending = true
}

/** Records that V8 has ended the running code: all sections are over. */
export function endingIsOver(): void {
  ending = false
  waiting = null
  depth = 0
}

/** Waits in a loop for the effect of the call: no further code of Node's may run in between. */
function endHere(terminate: () => void): void {
  waiting = null
  terminate()
  takeEffect(LONGEST_MS)
}

/** Spins in a loop that V8 can end. If the loop ends by itself, the code to be ended has already ended. */
function takeEffect(milliseconds: number): void {
  const end = performance.now() + milliseconds
  while (performance.now() < end);
  ending = false
}
