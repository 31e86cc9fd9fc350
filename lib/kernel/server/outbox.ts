import { setTimeout } from 'node:timers/promises'

/** The part of a publishing socket that an outbox needs. */
export interface PublishingSocket {
  /** Whether a reader whose queue is full misses what is sent; otherwise a send is refused with EAGAIN while one is. */
  setDropping(dropping: boolean): void
  send(frames: (Uint8Array | string)[]): Promise<void>
}

/** Who makes the messages, and can be told to wait. */
export interface Flow {
  pause(): void
  resume(): void
}

/** Messages on their way to the readers of iopub. */
export interface Outbox {
  /** Takes the frames of a message; they go out in order. */
  send(frames: (Uint8Array | string)[]): void
  /** Resolves when nothing waits any more. */
  empty(): Promise<void>
}

/** Bytes that may wait before the cells have to. */
const PAUSE_BYTES = 8_000_000
const RETRY_MS = 2
/** A reader that has taken nothing for so long is gone or suspended. */
const PATIENCE_MS = 60_000

/**
 * Sends to every reader, waits for a slow one, and bounds what waits by making the cells wait too. A reader that takes
 * nothing at all for `patience` milliseconds misses what follows, so that a suspended console stops nobody else.
 */
export function createOutbox(socket: PublishingSocket, flow: Flow, patience = PATIENCE_MS): Outbox {
  const waiting: (Uint8Array | string)[][] = []
  let bytes = 0
  let paused = false
  let draining: Promise<void> | null = null
  /** When the first of the sends was refused that have been refused without a success in between. */
  let refusedSince: number | null = null

  const trySend = async (frames: (Uint8Array | string)[]): Promise<boolean> => {
    try {
      await socket.send(frames)
      refusedSince = null
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      return false
    }
  }
  const sendToThoseWhoRead = async (frames: (Uint8Array | string)[]): Promise<void> => {
    socket.setDropping(true)
    try {
      await socket.send(frames)
    } finally {
      socket.setDropping(false)
    }
  }
  const deliver = async (frames: (Uint8Array | string)[]): Promise<void> => {
    while (!(await trySend(frames))) {
      refusedSince ??= Date.now()
      setPaused(true)
      // Also where the patience is at its end: at this pace those who do read miss nothing.
      await setTimeout(RETRY_MS)
      if (Date.now() - refusedSince >= patience) return await sendToThoseWhoRead(frames)
    }
  }
  const setPaused = (next: boolean): void => {
    if (next === paused) return
    paused = next
    if (paused) flow.pause()
    else flow.resume()
  }
  const drain = async (): Promise<void> => {
    for (let frames = waiting[0]; frames; frames = waiting[0]) {
      await deliver(frames)
      waiting.shift()
      bytes -= sizeOf(frames)
      if (waiting.length === 0) setPaused(false)
    }
    // In the same turn as the last look: what is sent from now on starts anew.
    draining = null
  }
  return {
    send(frames) {
      waiting.push(frames)
      bytes += sizeOf(frames)
      if (bytes > PAUSE_BYTES) setPaused(true)
      // Only a closed socket refuses for another reason, when the kernel is about to end.
      draining ??= drain().catch(() => {})
    },
    empty: () => draining ?? Promise.resolve(),
  }
}

function sizeOf(frames: readonly (Uint8Array | string)[]): number {
  let size = 0
  for (const frame of frames) size += frame.length
  return size
}
