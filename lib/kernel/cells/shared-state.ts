/** What the thread that interrupts sees of the main thread. */
export interface SharedState {
  /** Id of the last cell that has ended. */
  ended: number
  /** Id of the last cell whose stop the main thread has taken up itself. */
  stopSeen: number
  /** Number of the text that was printed and is held back to gather more; 0 when nothing is. */
  held: number
  /** Number of the thrown value that is being described, which may run code of the user's; 0 when none is. */
  telling: number
  /** Whether the main thread waits for a child process, as in `spawnSync`: 0 no, 1 yes, 2 for work that saves when it is stopped. */
  waitsForChild: number
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
    get held() {
      return Atomics.load(cells, 2)
    },
    set held(text) {
      Atomics.store(cells, 2, text)
    },
    get telling() {
      return Atomics.load(cells, 3)
    },
    set telling(number) {
      Atomics.store(cells, 3, number)
    },
    get waitsForChild() {
      return Atomics.load(cells, 4)
    },
    set waitsForChild(waits) {
      Atomics.store(cells, 4, waits)
    },
  }
}

/** Memory for {@link sharedState}. */
export function newSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(20)
}

/** The global function that sends what is held back, called inside whatever keeps the main thread busy. */
export const FLUSH = 'recurlab.flush'

/** The global function that ends the description of a thrown value, called inside it when it takes too long. */
export const CUT = 'recurlab.cut'

/** The global function that stops, called by the thread that interrupts, inside whatever keeps the main thread busy. */
export const INTERRUPT = 'recurlab.interrupt'

/**
 * What it answers: the cell has ended already; it saves and ends by itself; it cannot be stopped at this very place;
 * it is being stopped.
 */
export type Interruption = 'over' | 'saves' | 'later' | 'stopped'
