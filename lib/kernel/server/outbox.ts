import { setTimeout } from 'node:timers/promises'

/** The part of a publishing socket that an outbox needs. */
export interface PublishingSocket {
  /**
   * Whether messages to a reader whose queue is full are dropped. Otherwise a send is refused with EAGAIN while a queue
   * is full.
   */
  setDropping(dropping: boolean): void
  send(frames: (Uint8Array | string)[]): Promise<void>
}

/** The source of the messages, which can be paused. */
export interface Flow {
  pause(): void
  resume(): void
}

/** The queue of messages to the readers of iopub. */
export interface Outbox {
  /** Queues the frames of a message. Messages go out in order. */
  send(frames: (Uint8Array | string)[]): void
  /** Resolves when no message waits. */
  empty(): Promise<void>
}

/** Bytes that may wait before the cells are paused. */
const PAUSE_BYTES = 8_000_000
const RETRY_MS = 2
/** Milliseconds after which a reader that takes nothing counts as gone or suspended. */
const PATIENCE_MS = 60_000

/**
 * Creates an outbox that sends to every reader, waits for slow ones, and limits its queue by pausing the cells. A
 * reader that takes nothing for `patience` milliseconds misses later messages, so that a suspended console holds up
 * nobody else.
 */
export function createOutbox(socket: PublishingSocket, flow: Flow, patience = PATIENCE_MS): Outbox {
  const waiting: (Uint8Array | string)[][] = []
  let bytes = 0
  let paused = false
  let draining: Promise<void> | null = null
  /** When the first send of the current run of refusals was refused; null after a success. */
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
      refusedSince ??= performance.now()
      setPaused(true)
      // At this pace the other readers miss nothing, even after the patience has run out.
      await setTimeout(RETRY_MS)
      if (performance.now() - refusedSince >= patience) return await sendToThoseWhoRead(frames)
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
    // In the same turn as the last check: whatever is sent from now on starts a new run.
    draining = null
  }
  return {
    send(frames) {
      waiting.push(frames)
      bytes += sizeOf(frames)
      if (bytes > PAUSE_BYTES) setPaused(true)
      // A socket refuses for another reason only when it is closed, as the kernel ends.
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
