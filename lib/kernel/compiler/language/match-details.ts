import type ts from 'typescript'
import { displayOf, kindOf } from '../internals/services.js'
import type { Match } from './matches.js'
import { schemaKeyOf } from './schema-key.js'
import { signatureText, textOf } from './texts.js'
import { meaningOf, resolved, type View } from './view.js'

/**
 * Maximum number of matches to describe with their types, which costs time; a longer list is narrowed by typing anyway.
 */
const DESCRIBED = 40
const LONGEST_SIGNATURE = 200

/** The details that a front end shows beside a match. */
export interface Details {
  readonly type: string
  readonly signature?: string
  /** The first paragraph of the documentation. */
  readonly documentation?: string
}

/** The details of symbols described before; symbols live as long as their program. */
const known = new WeakMap<ts.Symbol, Details>()

/**
 * Returns the kind of every match, for the first ones with signature and documentation. Keys of the configuration
 * always have documentation.
 */
export function detailsOf(seen: View, matches: readonly Match[]): Details[] {
  return matches.map(({ kind, symbol }, index) => {
    if (!symbol) return { type: word(kind) }
    if (index >= DESCRIBED) return { type: word(kind), ...documented(schemaKeyOf(seen.ts, symbol)?.description) }
    const details = known.get(symbol) ?? described(seen, kind, symbol)
    known.set(symbol, details)
    return details
  })
}

function described(seen: View, kind: string, offered: ts.Symbol): Details {
  const { ts, sourceFile, checker } = seen
  const symbol = resolved(seen, offered)
  const shown = displayOf({
    checker,
    symbol,
    file: sourceFile,
    enclosing: sourceFile,
    location: sourceFile,
    meaning: meaningOf(ts, symbol),
    maximumLength: LONGEST_SIGNATURE,
  })
  const meaning = schemaKeyOf(ts, symbol)?.description ?? textOf(shown.documentation)
  return {
    type: word(kind === 'alias' ? kindOf(checker, symbol, sourceFile) : kind),
    signature: signatureText(shown.displayParts),
    ...documented(meaning),
  }
}

function documented(meaning: string | undefined): Pick<Details, 'documentation'> {
  return meaning ? { documentation: meaning.split('\n\n', 1)[0]! } : {}
}

/** Returns TypeScript's word for a kind, except for kinds that a front end would not tell apart. */
function word(kind: string): string {
  return WORDS.get(kind) ?? kind
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ['local class', 'class'],
  ['local function', 'function'],
  ['local var', 'var'],
  ['script', 'path'],
  ['directory', 'path'],
  ['external module name', 'module'],
  ['getter', 'property'],
  ['setter', 'property'],
  ['accessor', 'property'],
  ['primitive type', 'type'],
  ['', 'instance'],
])
