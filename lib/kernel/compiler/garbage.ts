import v8 from 'node:v8'
import vm from 'node:vm'

let collect: (() => void) | null = null

/**
 * Frees memory that nothing refers to any more; takes some 0.15 s. Node itself would wait until the heap has grown to
 * several times of what is in use.
 */
export function collectGarbage(): void {
  if (!collect) {
    v8.setFlagsFromString('--expose-gc')
    collect = vm.runInNewContext('gc') as () => void
  }
  collect()
}
