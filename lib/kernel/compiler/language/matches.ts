import type ts from 'typescript'
import type { Entry } from './internals.js'
import type { View } from './view.js'

/** Something that can stand at the cursor. */
export interface Match {
  /** What is inserted. */
  readonly text: string
  /** What it replaces, in UTF-16 units; the same for all matches of one answer. */
  readonly start: number
  readonly end: number
  /** TypeScript's word for what it is: `const`, `method`, `directory`. */
  readonly kind: string
  readonly symbol: ts.Symbol | undefined
}

/** TypeScript's completions that begin like what is typed, in its order, names of cells before the global ones. */
export function matchesOf(seen: View, entries: readonly Entry[]): Match[] {
  const candidates = entries.flatMap((entry) => candidate(seen, entry))
  return sameRange(narrowed(candidates).sort(inOrder))
}

interface Candidate extends Match {
  /** What was typed of it, and what that is compared with. */
  readonly typed: string
  readonly name: string
  readonly order: string
}

function candidate(seen: View, entry: Entry): Candidate[] {
  // These would insert a snippet or an import elsewhere, or are guesses from words in the text.
  if (entry.isSnippet || entry.hasAction || entry.kind === 'warning') return []
  const { code, cursor } = seen
  const text = entry.insertText ?? entry.name
  const word = wordBefore(code, cursor)
  const span = entry.replacementSpan
  const start = span?.start ?? (isPath(entry) ? pathStart(code, cursor) : cursor - word.length)
  if (start > cursor) return []
  // Where a dot is replaced too (`?.name`, `['a b']`), only the word behind it was typed.
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

const isPath = ({ kind }: Entry): boolean => ['script', 'directory', 'external module name'].includes(kind)

/** A path is completed piece by piece. */
function pathStart(code: string, cursor: number): number {
  return cursor - /[^/'"`]*$/.exec(code.slice(0, cursor))![0].length
}

function wordBefore(code: string, cursor: number): string {
  return /#?[\p{ID_Continue}$\u200c\u200d]*$/u.exec(code.slice(0, cursor))![0]
}

/** TypeScript puts names of other files with the global ones; those of cells belong before them. */
function orderOf({ sourceFile }: View, { symbol, sortText, name }: Entry): string {
  const locals = (sourceFile as { locals?: ReadonlyMap<string, ts.Symbol> }).locals
  return symbol && sortText > '11' && locals?.get(name) === symbol ? '11' : sortText
}

/** Those that begin as typed; where there are none, those that do so in other letters of case. */
function narrowed(candidates: readonly Candidate[]): Candidate[] {
  const exact = candidates.filter(({ name, typed }) => name.startsWith(typed))
  if (exact.length > 0) return exact
  return candidates.filter(({ name, typed }) => name.toLowerCase().startsWith(typed.toLowerCase()))
}

function inOrder(a: Candidate, b: Candidate): number {
  return compare(a.order, b.order) || a.name.localeCompare(b.name, 'en') || compare(a.name, b.name)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** An answer has one range: where some would replace a dot as well, they give way to plain names. */
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
