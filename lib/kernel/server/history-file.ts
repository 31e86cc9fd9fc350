import path from 'node:path'
import { fileOperations as fs } from '../../files/operations.js'

/** A cell that has run. */
export interface Entry {
  readonly session: number
  readonly line: number
  readonly input: string
  /** The result as text; null without one. */
  readonly output: string | null
}

/**
 * The sessions stored in a folder with their cells. Each session has its own file, so that kernels never write to the
 * same one.
 */
export interface HistoryFiles {
  /** The number of this session, higher than that of every earlier one. */
  current(): number
  /** The numbers of all sessions with cells, ascending. */
  sessions(): number[]
  /** Returns the cells of a session in the order in which they ran. */
  read(session: number): Entry[]
  addInput(line: number, input: string): void
  addOutput(line: number, output: string): void
}

/** Version of a session's file, in its first line. Sessions of another version are not read. */
const FORMAT_VERSION = 1

/** Limits of what is kept: the number of sessions, and the bytes of the newest ones. */
const MAX_SESSIONS = 500
const MAX_BYTES = 20_000_000
/** Maximum characters of a stored cell, and of a result: longer cells are dropped, longer results are cut. */
const MAX_INPUT = 100_000
const MAX_OUTPUT = 2000

/** Opens the history in `folder`, which is created with the first cell. If it cannot be written, nothing is stored. */
export function openHistory(folder: string): HistoryFiles {
  let own: number | null = null
  const fileOf = (session: number): string => path.join(folder, `${String(session).padStart(6, '0')}.jsonl`)

  const sessions = (): number[] => {
    if (!fs.existsSync(folder)) return []
    const numbers = fs.readdirSync(folder).map((name) => Number(/^(\d{6,})\.jsonl$/.exec(name)?.[1]))
    return numbers.filter((number) => number > 0).sort((a, b) => a - b)
  }
  const begin = (): number => {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (let number = (sessions().at(-1) ?? 0) + 1; ; number++) {
      try {
        fs.writeFileSync(fileOf(number), `${JSON.stringify({ formatVersion: FORMAT_VERSION })}\n`, {
          flag: 'wx',
          mode: 0o600,
        })
        return number
      } catch (error) {
        // Another kernel took this number a moment ago.
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
    }
  }
  const removeOld = (): void => {
    let bytes = 0
    const newestFirst = sessions().reverse()
    newestFirst.forEach((session, at) => {
      bytes += sizeOf(fileOf(session))
      if (session !== own && (at >= MAX_SESSIONS || bytes > MAX_BYTES)) fs.rmSync(fileOf(session), { force: true })
    })
  }
  const add = (record: Record<string, unknown>): void => {
    try {
      if (own === null) {
        own = begin()
        removeOld()
      }
      fs.appendFileSync(fileOf(own), `${JSON.stringify(record)}\n`)
    } catch {
      // A full or read-only disk must not keep a cell from running.
    }
  }
  return {
    current: () => own ?? (sessions().at(-1) ?? 0) + 1,
    sessions,
    read: (session) => parse(session, readIfThere(fileOf(session))),
    addInput(line, input) {
      if (input.trim() !== '' && input.length <= MAX_INPUT) add({ line, input })
    },
    addOutput: (line, output) => add({ line, output: output.slice(0, MAX_OUTPUT) }),
  }
}

function sizeOf(file: string): number {
  return fs.statSync(file, { throwIfNoEntry: false })?.size ?? 0
}

function readIfThere(file: string): string {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
}

/** Skips the line that a killed kernel left incomplete. */
function parse(session: number, text: string): Entry[] {
  const entries = new Map<number, Entry>()
  const [first = '', ...lines] = text.split('\n')
  if (readRecord(first)?.formatVersion !== FORMAT_VERSION) return []
  for (const line of lines) {
    const record = readRecord(line)
    if (typeof record?.line !== 'number') continue
    const known = entries.get(record.line)
    if (typeof record.input === 'string')
      entries.set(record.line, { session, line: record.line, input: record.input, output: null })
    else if (known && typeof record.output === 'string') entries.set(record.line, { ...known, output: record.output })
  }
  return [...entries.values()]
}

function readRecord(line: string): Record<string, unknown> | null {
  try {
    return JSON.parse(line) as Record<string, unknown> | null
  } catch {
    return null
  }
}
