import { setImmediate } from 'node:timers/promises'
import { reportFault } from './faults.js'
import type { Message } from './message.js'

/** Requests that are handled one after another. */
export interface Queue {
  add(message: Message): void
  /** Returns the request in progress, or null. */
  current(): Message | null
}

/** Turns of the event loop without a new request after which the socket counts as empty. */
const QUIET_TURNS = 3

/**
 * Creates a queue of requests that `work` answers. If its outcome says so, all requests that are waiting by then are
 * aborted before `send` is called, so that requests that a front end sends in answer to the reply are run.
 */
export function createQueue(
  work: (message: Message, aborted: boolean) => Promise<{ readonly abort: boolean; send(): void }>,
): Queue {
  const waiting: { readonly message: Message; aborted: boolean }[] = []
  let current: Message | null = null

  /**
   * Takes everything that the front end has sent by now, including messages still in the socket, which the reader
   * receives within a turn.
   */
  const abortWaiting = async (): Promise<void> => {
    for (let seen = -1, quiet = 0; quiet < QUIET_TURNS; quiet = seen === waiting.length ? quiet + 1 : 0) {
      seen = waiting.length
      await setImmediate()
    }
    for (const one of waiting) one.aborted = true
  }
  const answer = async (one: { readonly message: Message; readonly aborted: boolean }): Promise<void> => {
    const { abort, send } = await work(one.message, one.aborted)
    if (abort) await abortWaiting()
    send()
  }
  const empty = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      current = next.message
      await answer(next).catch(reportFault)
      current = null
    }
  }
  return {
    add(message) {
      waiting.push({ message, aborted: false })
      if (current === null) void empty()
    },
    current: () => current,
  }
}
