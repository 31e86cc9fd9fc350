import { writeSync } from 'node:fs'
import type { Content, FromCells, Header } from '../protocol.js'
import { critical } from './critical.js'
import { endWithChildren } from './end.js'
import { encodeFrame } from './frames.js'

/** Where the server reads. */
const FD = 3
const idle = new Int32Array(new SharedArrayBuffer(4))

/** Sends a message to the server, and waits until the pipe has taken it. @throws DataCloneError for functions and the like */
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
        // Without a server nobody needs this process.
        else if (code === 'EPIPE') endWithChildren()
        else throw error
      }
    }
  })
}

let flushOutput = (): void => {}

/** Tells how to send what was printed and is still held back. */
export function setFlush(flush: () => void): void {
  flushOutput = flush
}

/** Sends a message after everything that was printed before it. */
export function sendInOrder(message: FromCells): void {
  flushOutput()
  send(message)
}

/** Sends a message of iopub, after everything that was printed before it. */
export function publish(
  parent: Header | null,
  message: string,
  content: Content,
  more: { readonly metadata?: Content; readonly buffers?: readonly Uint8Array[] } = {},
): void {
  sendInOrder({ type: 'publish', parent, message, content, ...more })
}

/** What the user's code wants to send, as the JSON that it will be. @throws TypeError for bigints and circles */
export function asJson(content: object): Content {
  return JSON.parse(JSON.stringify(content)) as Content
}
