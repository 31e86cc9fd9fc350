import type { Match } from './matches.js'
import { schemaKeyOf } from './schema-key.js'
import { signatureText, textOf } from './texts.js'
import { meaningOf, resolved, type View } from './view.js'

/** Types cost time; a longer list is narrowed by typing anyway. */
const DESCRIBED = 80
const LONGEST_SIGNATURE = 200

/** What a front end shows beside a match. */
export interface Details {
  readonly type: string
  readonly signature?: string
  /** Its first paragraph. */
  readonly documentation?: string
}

/** What every match is; of the first ones also type and meaning. */
export function detailsOf(seen: View, matches: readonly Match[]): Details[] {
  return matches.map((match, index) => (index < DESCRIBED ? described(seen, match) : { type: word(match.kind) }))
}

function described(seen: View, match: Match): Details {
  if (!match.symbol) return { type: word(match.kind) }
  const { ts, sourceFile, checker } = seen
  const symbol = resolved(seen, match.symbol)
  const shown = ts.SymbolDisplay.getSymbolDisplayPartsDocumentationAndSymbolKind(
    checker,
    symbol,
    sourceFile,
    sourceFile,
    sourceFile,
    meaningOf(ts, symbol),
    undefined,
    LONGEST_SIGNATURE,
  )
  const meaning = schemaKeyOf(ts, symbol)?.description ?? textOf(shown.documentation)
  return {
    type: word(match.kind === 'alias' ? ts.SymbolDisplay.getSymbolKind(checker, symbol, sourceFile) : match.kind),
    signature: signatureText(shown.displayParts),
    ...(meaning ? { documentation: meaning.split('\n\n', 1)[0]! } : {}),
  }
}

/** TypeScript's words, but for some that a front end would not tell apart. */
function word(kind: string): string {
  return WORDS[kind] ?? kind
}

const WORDS: Readonly<Record<string, string>> = {
  'local class': 'class',
  'local function': 'function',
  'local var': 'var',
  script: 'path',
  directory: 'path',
  'external module name': 'module',
  getter: 'property',
  setter: 'property',
  accessor: 'property',
  'primitive type': 'type',
  '': 'instance',
}
