import type { Content, Failure, Header } from '../protocol.js'
import type { HistoryFiles } from './history-file.js'
import type { Message } from './message.js'
import type { Code, Outcome, Runner } from './runner.js'
import type { Wire } from './wire.js'

/** The answer to an execute request. */
export interface ExecuteReply {
  readonly content: Content
  /** Whether the waiting execute requests are refused. */
  readonly abort: boolean
}

/** Runs cells, counts them, and publishes the messages that the protocol prescribes. */
export interface Executor {
  execute(message: Message): Promise<ExecuteReply>
  /** Returns the content of the reply to a cell that is not run because an earlier one failed. */
  aborted(): Content
  /** Publishes a message from a cell's code. */
  publish(parent: Header | null, type: string, content: Content, extras: PublishExtras): void
}

type PublishExtras = NonNullable<Parameters<Wire['publish']>[3]>

interface Parts {
  readonly wire: Pick<Wire, 'publish'>
  readonly runner: Pick<Runner, 'run'>
  readonly history: Pick<HistoryFiles, 'addInput' | 'addOutput'>
}

/** Suffix of the message id of a user expression, which distinguishes its result from the cell's. */
const EXPRESSION = '#expression'

/** Creates an executor whose count starts at zero. */
export function createExecutor({ wire, runner, history }: Parts): Executor {
  let count = 0
  /** The latest result of the running code. */
  let result: Content | null = null

  const run = async (code: Code): Promise<Outcome> => {
    result = null
    const outcome = await runner.run(code)
    for (const text of outcome.warnings) wire.publish(code.parent, 'stream', { name: 'stderr', text: `${text}\n` })
    return outcome
  }
  /** Evaluates a user expression. A failure takes the place of the value. */
  const evaluate = async (expression: string, cell: Code): Promise<Content> => {
    const parent = { ...cell.parent, msg_id: cell.parent.msg_id + EXPRESSION }
    const { failure } = await run({ ...cell, code: `(${expression}\n)`, parent, silent: false })
    if (failure) return { status: 'error', ...failure }
    return { status: 'ok', data: result?.data ?? {}, metadata: result?.metadata ?? {} }
  }
  const evaluateAll = async (expressions: Content, cell: Code): Promise<Content> => {
    const values: [string, Content][] = []
    for (const [name, expression] of Object.entries(expressions))
      values.push([name, await evaluate(String(expression), cell)])
    return Object.fromEntries(values)
  }

  return {
    aborted: () => ({ status: 'aborted', execution_count: count, user_expressions: {}, payload: [] }),
    async execute({ header, content }) {
      const { code, silent, counted, stopOnError, allowStdin, expressions } = readRequest(content)
      if (counted) history.addInput(++count, code)
      const common = { execution_count: count, payload: [] }
      if (!silent) wire.publish(header, 'execute_input', { code, execution_count: count })
      const cell = { code, count, parent: header, silent, allowStdin }
      const { failure, published } = await run(cell)
      if (failure) {
        if (!silent && !published) wire.publish(header, 'error', { ...failure })
        return { content: errorReply(failure, common), abort: stopOnError && !silent }
      }
      const text = (result?.data as Content | undefined)?.['text/plain']
      if (counted && typeof text === 'string') history.addOutput(count, text)
      const user_expressions = await evaluateAll(expressions, cell)
      return { content: { status: 'ok', ...common, user_expressions }, abort: false }
    },
    publish(parent, type, content, extras) {
      const belongsToExpression = parent?.msg_id.endsWith(EXPRESSION) === true
      if (type === 'execute_result') result = content
      if (!parent || !belongsToExpression) return wire.publish(parent, type, content, extras)
      if (type === 'execute_result' || type === 'error') return
      wire.publish({ ...parent, msg_id: parent.msg_id.slice(0, -EXPRESSION.length) }, type, content, extras)
    },
  }
}

function errorReply(failure: Failure, common: Content): Content {
  return { status: 'error', ...common, ...failure, user_expressions: {} }
}

function readRequest(content: Content): {
  code: string
  silent: boolean
  counted: boolean
  stopOnError: boolean
  allowStdin: boolean
  expressions: Content
} {
  const silent = content.silent === true
  const expressions = content.user_expressions
  return {
    code: String(content.code ?? ''),
    silent,
    counted: !silent && content.store_history !== false,
    stopOnError: content.stop_on_error !== false,
    allowStdin: content.allow_stdin === true,
    expressions: typeof expressions === 'object' && expressions !== null ? (expressions as Content) : {},
  }
}
