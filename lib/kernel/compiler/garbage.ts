import v8 from 'node:v8'
import vm from 'node:vm'

let collect: (() => void) | null = null

/** Returns V8's garbage collector; one that does nothing if this Node does not expose it. */
function find(): () => void {
  try {
    v8.setFlagsFromString('--expose-gc')
    return vm.runInNewContext('gc') as () => void
  } catch {
    return () => {}
  }
}

/**
 * Frees unreachable memory, which takes about 0.15 s. Node itself would wait until the heap has grown to several times
 * the memory in use.
 */
export function collectGarbage(): void {
  collect ??= find()
  collect()
}
