import type ts from 'typescript'
import { localsOf } from '../internals/binder.js'
import type { Entry } from '../internals/services.js'
import type { View } from './view.js'

/** A possible text at the cursor. */
export interface Match {
  /** The inserted text. */
  readonly text: string
  /** The replaced range, in UTF-16 units, equal for all matches of one answer. */
  readonly start: number
  readonly end: number
  /** TypeScript's word for its kind, such as `const`, `method` or `directory`. */
  readonly kind: string
  readonly symbol: ts.Symbol | undefined
}

/** Returns TypeScript's completions that begin with the typed text, in its order, names of cells before global ones. */
export function matchesOf(seen: View, entries: readonly Entry[]): Match[] {
  const typed = typedAt(seen)
  const candidates = entries.flatMap((entry) => candidate(seen, typed, entry))
  return sameRange(narrowed(candidates).sort(byOrder))
}

/** The text before the cursor. */
interface Typed {
  readonly word: string
  /** The last part of a path. */
  readonly piece: string
}

function typedAt({ code, cursor }: View): Typed {
  const line = code.slice(code.lastIndexOf('\n', cursor - 1) + 1, cursor)
  return { word: /#?[\p{ID_Continue}$\u200c\u200d]*$/u.exec(line)![0], piece: /[^/'"`]*$/.exec(line)![0] }
}

interface Candidate extends Match {
  /** The typed text, and the name that it is compared with. */
  readonly typed: string
  readonly name: string
  readonly order: string
}

function candidate(seen: View, { word, piece }: Typed, entry: Entry): Candidate[] {
  // Such entries would insert a snippet or an import elsewhere, or are guesses from words in the text.
  if (entry.isSnippet || entry.hasAction || entry.kind === 'warning') return []
  const { code, cursor } = seen
  const text = entry.insertText ?? entry.name
  const span = entry.replacementSpan
  const start = span?.start ?? cursor - (isPath(entry) ? piece : word).length
  if (start > cursor) return []
  // If a dot is replaced too (`?.name`, `['a b']`), only the word after it was typed.
  const typed = text === entry.name || isPath(entry) ? code.slice(start, cursor) : word
  return [
    {
      text,
      name: entry.name,
      typed,
      start,
      end: span ? Math.max(cursor, Math.min(code.length, span.start + span.length)) : cursor,
      kind: entry.kind,
      symbol: entry.symbol,
      order: orderOf(seen, entry),
    },
  ]
}

const isPath = ({ kind }: { readonly kind: string }): boolean =>
  ['script', 'directory', 'external module name'].includes(kind)

/**
 * Returns the sort text of an entry. TypeScript sorts names of other files with the global ones; those of cells belong
 * before them.
 */
function orderOf({ sourceFile }: View, { symbol, sortText, name }: Entry): string {
  const isOfCells = symbol && localsOf(sourceFile).get(name as ts.__String) === symbol
  return isOfCells && sortText > '11' ? '11' : sortText
}

/** Returns the candidates that begin with the typed text; if there are none, those that do so ignoring case. */
function narrowed(candidates: readonly Candidate[]): Candidate[] {
  const exact = candidates.filter(({ name, typed }) => name.startsWith(typed))
  if (exact.length > 0) return exact
  return candidates.filter(({ name, typed }) => name.toLowerCase().startsWith(typed.toLowerCase()))
}

/**
 * Compares candidates. Within an order, names are already sorted and words that a type allows keep their order; paths
 * are sorted.
 */
function byOrder(a: Candidate, b: Candidate): number {
  return compare(a.order, b.order) || (isPath(a) && isPath(b) ? compare(a.name, b.name) : 0)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * Returns the matches with one range, as an answer has. Matches that would also replace a dot give way to plain names.
 */
function sameRange(candidates: readonly Candidate[]): Match[] {
  const start = Math.max(...candidates.map((match) => match.start))
  const chosen = candidates.filter((match) => match.start === start)
  const end = Math.min(...chosen.map((match) => match.end))
  const seen = new Set<string>()
  return chosen.flatMap(({ text, kind, symbol }) => {
    if (seen.has(text)) return []
    seen.add(text)
    return [{ text, start, end, kind, symbol }]
  })
}
