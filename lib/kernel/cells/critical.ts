/** Depth of sections that must not be torn. */
let depth = 0
let waiting: (() => void) | null = null

/** A forced stop should take no longer than this to take effect. */
const LONGEST_MS = 1000

/** Runs kernel code that a forced stop must not tear: it waits for the section's end. No code of the user's may be in it. */
export function critical<T>(work: () => T): T {
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

/** Whether the main thread is in such a section; it will call back when it leaves it. */
export function deferIfCritical(terminate: () => void): boolean {
  if (depth === 0) return false
  waiting = terminate
  return true
}

/** No further code of Node's may run between the call and its effect, so it is waited for in a loop. */
function endHere(terminate: () => void): void {
  waiting = null
  terminate()
  const end = performance.now() + LONGEST_MS
  while (performance.now() < end);
}
