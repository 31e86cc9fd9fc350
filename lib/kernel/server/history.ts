import type { Content } from '../protocol.js'
import type { Entry, HistoryFiles } from './history-file.js'

/** Content of the reply to a `history_request`: the last cells, a range of one session's, or those that match a pattern. */
export function answerHistory(files: HistoryFiles, request: Content): Content {
  const entries = select(files, request)
  const shown = (entry: Entry): unknown => (request.output === true ? [entry.input, entry.output] : entry.input)
  return { status: 'ok', history: entries.map((entry) => [entry.session, entry.line, shown(entry)]) }
}

function select(files: HistoryFiles, request: Content): Entry[] {
  const count = wholeNumber(request.n) ?? Number.POSITIVE_INFINITY
  switch (request.hist_access_type) {
    case 'tail':
      return newest(files, count, () => true, false)
    case 'search':
      return newest(files, count, globTest(String(request.pattern ?? '*')), request.unique === true)
    case 'range':
      return range(files, request)
    default:
      return []
  }
}

/** The newest cells that pass the test, oldest first; with `unique` of equal ones only the newest. */
function newest(files: HistoryFiles, count: number, test: (input: string) => boolean, unique: boolean): Entry[] {
  const found: Entry[] = []
  const seen = new Set<string>()
  for (const session of files.sessions().reverse())
    for (const entry of files.read(session).reverse()) {
      if (found.length >= count) return found.reverse()
      if (!test(entry.input) || (unique && seen.has(entry.input))) continue
      seen.add(entry.input)
      found.push(entry)
    }
  return found.reverse()
}

/** Lines `start` (1) up to, without it, `stop` (the end); negative ones count from the end. Session 0 is this one, -1 the one before. */
function range(files: HistoryFiles, request: Content): Entry[] {
  const session = sessionOf(files, wholeNumber(request.session) ?? 0)
  if (session === undefined) return []
  const entries = files.read(session)
  const end = (entries.at(-1)?.line ?? 0) + 1
  const place = (line: number): number => (line < 0 ? end + line : line)
  const start = place(wholeNumber(request.start) ?? 1)
  const stop = place(wholeNumber(request.stop) ?? end)
  return entries.filter(({ line }) => line >= start && line < stop)
}

function sessionOf(files: HistoryFiles, number: number): number | undefined {
  const current = files.current()
  if (number > 0) return number
  if (number === 0) return current
  return files
    .sessions()
    .filter((session) => session < current)
    .at(number)
}

function wholeNumber(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined
}

/** Whether a text matches a pattern as a whole: `*` any text, `?` any character, `[a-z]` one of these, `[^a-z]` none of them. */
function globTest(pattern: string): (text: string) => boolean {
  const parts = pattern.match(/\[\^?\]?[^\]]*\]|[\s\S]/gu) ?? []
  const expression = parts.map(globPart).join('')
  try {
    const whole = new RegExp(`^${expression}$`, 'su')
    return (text) => whole.test(text)
  } catch {
    // A set of characters that is none, e.g. [z-a], matches nothing.
    return () => false
  }
}

function globPart(part: string): string {
  if (part === '*') return '.*'
  if (part === '?') return '.'
  const set = /^\[(\^?)(\]?[^\]]*)\]$/.exec(part)
  if (set?.[2]) return `[${set[1]}${set[2].replace(/[\\\][]/g, '\\$&')}]`
  return part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
