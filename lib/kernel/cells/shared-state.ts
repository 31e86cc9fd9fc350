/**
 * What the thread that interrupts sees of the main thread, as ids of cells: the last one that has ended, and the last one
 * whose stop the main thread has taken up itself.
 */
export interface SharedState {
  ended: number
  stopSeen: number
}

/** The state in memory that both threads see. */
export function sharedState(memory: SharedArrayBuffer): SharedState {
  const cells = new Int32Array(memory)
  return {
    get ended() {
      return Atomics.load(cells, 0)
    },
    set ended(cell) {
      Atomics.store(cells, 0, cell)
    },
    get stopSeen() {
      return Atomics.load(cells, 1)
    },
    set stopSeen(cell) {
      Atomics.store(cells, 1, cell)
    },
  }
}

/** Memory for {@link sharedState}. */
export function newSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(8)
}

/** The global function, called by the thread that interrupts, inside whatever keeps the main thread busy. */
export const INTERRUPT = 'recurlab.interrupt'

/**
 * What it answers: the cell has ended already; it saves and ends by itself; it cannot be stopped at this very place;
 * it is being stopped.
 */
export type Interruption = 'over' | 'saves' | 'later' | 'stopped'
