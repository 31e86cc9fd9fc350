import { writeSync } from 'node:fs'
import type { Content, FromCells, Header } from '../protocol.js'
import { critical } from './critical.js'
import { endWithChildren } from './end.js'
import { encodeFrame } from './frames.js'

/** The file descriptor that the server reads. */
const FD = 3
const idle = new Int32Array(new SharedArrayBuffer(4))

/** Sends a message to the server and waits until the pipe has accepted it. @throws DataCloneError for functions and the like */
export function send(message: FromCells): void {
  critical(() => {
    const frame = encodeFrame(message)
    let at = 0
    while (at < frame.length) {
      try {
        at += writeSync(FD, frame, at)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'EAGAIN') Atomics.wait(idle, 0, 0, 1)
        // Without a server the process is useless.
        else if (code === 'EPIPE') endWithChildren()
        else throw error
      }
    }
  })
}

let flushOutput = (): void => {}

/** Sets the function that sends the buffered text. */
export function setFlush(flush: () => void): void {
  flushOutput = flush
}

/** Sends a message after everything that was printed before it. */
export function sendInOrder(message: FromCells): void {
  flushOutput()
  send(message)
}

/** Sends an iopub message after everything that was printed before it. */
export function publish(
  parent: Header | null,
  message: string,
  content: Content,
  more: { readonly metadata?: Content; readonly buffers?: readonly Uint8Array[] } = {},
): void {
  sendInOrder({ type: 'publish', parent, message, content, ...more })
}

/** Returns content from the user's code as the JSON to send. @throws TypeError for bigints and circular objects */
export function asJson(content: object): Content {
  return JSON.parse(JSON.stringify(content)) as Content
}
