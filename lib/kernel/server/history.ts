import type { Content } from '../protocol.js'
import type { Entry, HistoryFiles } from './history-file.js'

/**
 * Returns the content of the reply to a `history_request`: the last cells, a range of one session, or the cells that
 * match a pattern.
 */
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

/** Returns the newest cells that pass the test, oldest first. With `unique`, only the newest of equal cells counts. */
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

/**
 * Returns lines from `start` (default 1) up to but not including `stop` (default: the end). Negative numbers count from the
 * end; session 0 is this one, -1 the previous one.
 */
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

/**
 * Returns whether the whole text matches a pattern: `*` is any text, `?` any character, `[a-z]` one of these, `[^a-z]`
 * any other.
 */
function globTest(pattern: string): (text: string) => boolean {
  const parts = pattern.match(/\[\^?\]?[^\]]*\]|[\s\S]/gu) ?? []
  const expression = parts.map(globPart).join('')
  try {
    const whole = new RegExp(`^${expression}$`, 'su')
    return (text) => whole.test(text)
  } catch {
    // An invalid range such as [z-a] matches nothing.
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
