import type { Content } from '../../protocol.js'
import type { CellSession } from '../session.js'
import { describeCall } from './describe-call.js'
import { describeSymbol } from './describe-symbol.js'
import { asMarkdown, asText } from './description.js'
import { symbolAt } from './symbol-at.js'
import { type View, view } from './view.js'

/**
 * Returns the content of `inspect_reply`: a description of the word at the cursor or, after a parenthesis or comma of a call,
 * of the call's parameters.
 *
 * @param cursor in UTF-16 units, may be at the end of the word
 * @param detail 1 adds the place of the declaration and its source
 */
export function inspect(session: CellSession, code: string, cursor: number, detail: number): Content {
  const description = descriptionAt(view(session, code, cursor), detail > 0)
  if (!description) return { status: 'ok', found: false, data: {}, metadata: {} }
  return {
    status: 'ok',
    found: true,
    data: { 'text/plain': asText(description), 'text/markdown': asMarkdown(description) },
    metadata: {},
  }
}

function descriptionAt(seen: View, full: boolean) {
  const found = symbolAt(seen)
  return (found && describeSymbol(seen, found, full)) ?? describeCall(seen)
}
