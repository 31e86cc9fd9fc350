/** The state of the main thread that the interrupting thread sees. */
export interface SharedState {
  /** Id of the last cell that ended. */
  ended: number
  /** Id of the last cell whose stop the main thread has handled by itself. */
  stopSeen: number
  /** Number of the buffered text; 0 for none. */
  held: number
  /** Number of the thrown value that is being described, which may run the user's code; 0 for none. */
  telling: number
  /**
   * Whether the main thread waits for a child process, as in `spawnSync`: 0 no, 1 yes, 2 for work that saves when it is
   * stopped.
   */
  waitsForChild: number
}

/** Returns the state in memory that both threads share. */
export function sharedState(memory: SharedArrayBuffer): SharedState {
  const slots = new Int32Array(memory)
  return {
    get ended() {
      return Atomics.load(slots, 0)
    },
    set ended(cell) {
      Atomics.store(slots, 0, cell)
    },
    get stopSeen() {
      return Atomics.load(slots, 1)
    },
    set stopSeen(cell) {
      Atomics.store(slots, 1, cell)
    },
    get held() {
      return Atomics.load(slots, 2)
    },
    set held(text) {
      Atomics.store(slots, 2, text)
    },
    get telling() {
      return Atomics.load(slots, 3)
    },
    set telling(number) {
      Atomics.store(slots, 3, number)
    },
    get waitsForChild() {
      return Atomics.load(slots, 4)
    },
    set waitsForChild(waits) {
      Atomics.store(slots, 4, waits)
    },
  }
}

/** Creates the memory for {@link sharedState}. */
export function newSharedMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(20)
}

/**
 * Symbol of the global function that sends the buffered text; it is called inside whatever keeps the main thread busy.
 */
export const FLUSH = 'recurlab.flush'

/**
 * Symbol of the global function that cuts off the description of a thrown value; it is called inside one that takes too long.
 */
export const CUT = 'recurlab.cut'

/**
 * Symbol of the global function that stops a cell; the interrupting thread calls it inside whatever keeps the main thread busy.
 */
export const INTERRUPT = 'recurlab.interrupt'

/**
 * The result of that function. `over`: the cell has already ended; `saves`: it saves and ends by itself; `later`: it
 * cannot be stopped at this very place; `stopped`: it is being stopped.
 */
export type Interruption = 'over' | 'saves' | 'later' | 'stopped'
