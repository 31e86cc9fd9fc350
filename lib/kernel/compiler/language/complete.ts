import type { Content } from '../../protocol.js'
import { completionsAt } from '../internals/services.js'
import type { CellSession } from '../session.js'
import { codePoints } from './code-points.js'
import { filePaths } from './file-paths.js'
import { detailsOf } from './match-details.js'
import { type Match, matchesOf } from './matches.js'
import { type View, view } from './view.js'

/**
 * Returns the content of `complete_reply`: the completions at the cursor. They include names of earlier cells with
 * their members and types, module specifiers, keys and words that the expected type allows, and files in strings that
 * begin like paths.
 *
 * @param cursor in UTF-16 units; the reply counts code points, as the protocol does
 */
export function complete(session: CellSession, code: string, cursor: number): Content {
  const seen = view(session, code, cursor)
  const matches = fromTypeScript(seen)
  return reply(seen, matches.length > 0 ? matches : filePaths(seen))
}

function fromTypeScript(seen: View): Match[] {
  const { host, program, sourceFile, cursor } = seen
  return matchesOf(seen, completionsAt(host, program, sourceFile, cursor, PREFERENCES))
}

/** Imports to be written elsewhere are not offered: a match can only replace text at the cursor. */
const PREFERENCES = {
  includeCompletionsForModuleExports: false,
  includeCompletionsWithInsertText: true,
  includeAutomaticOptionalChainCompletions: true,
  quotePreference: 'single',
} as const

function reply(seen: View, matches: readonly Match[]): Content {
  const { code, cursor } = seen
  const start = codePoints(code, matches[0]?.start ?? cursor)
  const end = codePoints(code, matches[0]?.end ?? cursor)
  const details = detailsOf(seen, matches)
  return {
    status: 'ok',
    matches: matches.map(({ text }) => text),
    cursor_start: start,
    cursor_end: end,
    metadata: {
      _jupyter_types_experimental: matches.map((match, index) => ({
        start,
        end,
        text: match.text,
        ...details[index],
      })),
    },
  }
}
