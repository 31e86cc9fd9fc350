import type { Content, FromCells } from '../protocol.js'
import type { Message } from './message.js'

/** A question from a cell. */
type Question = Extract<FromCells, { type: 'input' }>

/** The stdin channel: asks the user, one question after another. */
export interface Stdin {
  /** Puts a question to the front end that sent `request`; null if no front end can ask. */
  ask(question: Question, request: Message | null): void
  /** Takes an `input_reply`. */
  reply(message: Message): void
  /** Answers all open questions with null. */
  giveUp(): void
}

interface Parts {
  /** Sends an `input_request` and returns its id. */
  send(request: Message, content: Content): string
  answer(id: number, value: string | null): void
}

/** The character that a console sends for the end of input. */
const END_OF_INPUT = '\x04'

/** Creates the stdin channel's queue of questions. */
export function createStdin({ send, answer }: Parts): Stdin {
  let open: { question: Question; request: Message; sent: string | null }[] = []

  const next = (): void => {
    const first = open[0]
    if (!first || first.sent !== null) return
    const { prompt, password } = first.question
    first.sent = send(first.request, { prompt, password })
  }
  return {
    ask(question, request) {
      if (request === null) return answer(question.id, null)
      open.push({ question, request, sent: null })
      next()
    },
    reply({ parent, content }) {
      const first = open[0]
      // Some front ends name no parent. An answer with another parent belongs to a cancelled question.
      if (!first || (parent.msg_id !== undefined && parent.msg_id !== first.sent)) return
      open.shift()
      const value = String(content.value ?? '')
      answer(first.question.id, value === END_OF_INPUT ? null : value)
      next()
    },
    giveUp() {
      const all = open
      open = []
      for (const { question } of all) answer(question.id, null)
    },
  }
}
