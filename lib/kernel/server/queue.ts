import { setImmediate } from 'node:timers/promises'
import { reportFault } from './faults.js'
import type { Message } from './message.js'

/** Requests that are worked on one after the other. */
export interface Queue {
  add(message: Message): void
  /** The request that is worked on, or null. */
  current(): Message | null
}

/** Turns of the event loop without a new request, after which none lies in the socket any more. */
const QUIET_TURNS = 3

/**
 * A queue for requests that `work` answers. Where its outcome says so, all requests that wait by then are aborted; then
 * `send` is called, so that what a front end sends in answer to the reply is run.
 */
export function createQueue(
  work: (message: Message, aborted: boolean) => Promise<{ readonly abort: boolean; send(): void }>,
): Queue {
  const waiting: { readonly message: Message; aborted: boolean }[] = []
  let current: Message | null = null

  /** Everything that the front end had sent by now, also what still lies in the socket: the reader takes it within a turn. */
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
