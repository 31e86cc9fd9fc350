import { UserError } from '../../errors.js'
import { readBytes, sha256, writeFileAtomic } from '../../files/atomic.js'
import { isJsonObject } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { type Notebook, parseNotebook, writeNotebook } from '../notebook.js'
import { committedText, LAST_SYNCS, readLastSync, writeLastSync } from './last-sync.js'
import { matchCells } from './match.js'
import { looksLikePercent, readPercent, type TextCell } from './read.js'
import { percentText, type TextNotebook, textNotebook } from './write.js'

/** One of the two files of a pair. */
export type Side = 'ipynb' | 'ts'

/** A notebook and its text form: files of one name in one folder. */
export type Pair = Readonly<Record<Side, string>>

/** Options of {@link planSync}. */
export interface SyncOptions {
  /** The file that decides, whatever the other has. Default: the only one, or the one that has changed since the last sync. */
  readonly from?: Side | undefined
  /** Folder of the records of earlier syncs. Default: `.recurlab/cache/notebooks`. */
  readonly records?: string
  /** Returns a file as it was last committed, or null. Default: Git's `HEAD`. */
  readonly committed?: (file: string) => string | null
}

/** The next step for a pair of files. */
export interface SyncPlan {
  readonly pair: Pair
  /** The file to be written; null when both have the same cells. */
  readonly writes: Side | null
  /** Whether that file is new. */
  readonly creates: boolean
  /** Code cells of the notebook to be written that are new or changed, and so have no outputs. */
  readonly changed: number
  /** Writes the file, and records the sync. @throws UserError if the file cannot be written. */
  apply(): void
}

interface TextFile {
  readonly kernelspec: TextNotebook['kernelspec']
  readonly cells: readonly TextCell[]
}

/** Returns the pair that a file belongs to. @throws UserError unless its name ends in .ipynb or .ts. */
export function pairOf(file: string): Pair {
  const [, stem, extension] = /^(.*)\.(ipynb|ts)$/s.exec(file) ?? []
  if (stem === undefined || extension === undefined)
    throw new UserError({ where: file, expected: 'a notebook (.ipynb) or its text (.ts)', found: 'another name' })
  return { ipynb: `${stem}.ipynb`, ts: `${stem}.ts` }
}

/**
 * Compares a notebook with its text and says which of the two follows the other: a missing one, or the one that has not
 * changed since the last sync, or else since the last commit. Files whose cells are the same are left alone, whatever their
 * form.
 *
 * @throws UserError if neither file exists, one cannot be read, the notebook is not TypeScript, or both may have changed.
 */
export function planSync(pair: Pair, options: SyncOptions = {}): SyncPlan {
  const { from, records = LAST_SYNCS } = options
  const notebook = fs.existsSync(pair.ipynb) ? readTypeScriptNotebook(pair.ipynb) : null
  const text = fs.existsSync(pair.ts) ? (from === 'ipynb' ? replaceableText : readTextFile)(pair.ts) : null
  const present = from ?? (notebook ? 'ipynb' : 'ts')
  if (!(present === 'ipynb' ? notebook : text))
    throw new UserError({ where: pair[present], expected: 'a file', found: 'none' })
  const texts = {
    ipynb: notebook && percentText(textNotebook(notebook)),
    ts: text && percentText(text),
  }
  const done = (result: string): void => writeLastSync(pair.ipynb, sha256(result), records)
  const plan = { pair, creates: !fs.existsSync(pair.ipynb) || !fs.existsSync(pair.ts), changed: 0 }
  if (texts.ipynb !== null && texts.ipynb === texts.ts)
    return { ...plan, writes: null, apply: () => done(texts.ipynb!) }
  const leads = from ?? (notebook && text ? changedSide(pair, texts as Record<Side, string>, options) : present)
  if (leads === 'ipynb')
    return {
      ...plan,
      writes: 'ts',
      apply: () => {
        refuseReadOnly(pair.ts)
        writeFileAtomic(pair.ts, texts.ipynb!)
        done(texts.ipynb!)
      },
    }
  const { notebook: next, changed } = withText(notebook ?? EMPTY, text!)
  return {
    ...plan,
    writes: 'ipynb',
    changed,
    apply: () => {
      refuseReadOnly(pair.ipynb)
      writeNotebook(pair.ipynb, next)
      done(texts.ts!)
    },
  }
}

/** Reads a text form as a notebook without outputs. @throws UserError as {@link readPercent} does. */
export function readTextNotebook(file: string): Notebook {
  return withText(EMPTY, readTextFile(file)).notebook
}

const EMPTY: Notebook = { nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [] }

function withText(notebook: Notebook, { kernelspec, cells }: TextFile): { notebook: Notebook; changed: number } {
  const matched = matchCells(notebook.cells, cells, notebook.nbformat_minor >= 5)
  const metadata = { ...notebook.metadata, kernelspec }
  return { notebook: { ...notebook, metadata, cells: matched.cells }, changed: matched.changed }
}

/** Returns the side that alone has changed since the last sync on this machine, or else since the last commit. */
function changedSide(pair: Pair, texts: Record<Side, string>, options: SyncOptions): Side {
  const { records = LAST_SYNCS, committed = committedText } = options
  const last = readLastSync(pair.ipynb, records)
  if (last === sha256(texts.ipynb)) return 'ts'
  if (last === sha256(texts.ts)) return 'ipynb'
  const before = committedTexts(pair, committed)
  if (before) {
    const changed = { ipynb: before.ipynb !== texts.ipynb, ts: before.ts !== texts.ts }
    if (changed.ipynb !== changed.ts) return changed.ts ? 'ts' : 'ipynb'
  }
  throw new UserError({
    where: `${pair.ipynb} and ${pair.ts}`,
    expected: 'cells that have changed in one of the two since the last sync',
    found: before || last !== null ? 'changes in both' : 'different cells and no record of a sync',
    todo: 'Keep the text with --from ts, or the notebook with --from ipynb.',
  })
}

/** Returns the texts of a pair in the last commit; null if one is not in it, or was of another form. */
function committedTexts(pair: Pair, committed: (file: string) => string | null): Record<Side, string> | null {
  const [ipynb, ts] = [committed(pair.ipynb), committed(pair.ts)]
  if (ipynb === null || ts === null) return null
  try {
    return {
      ipynb: percentText(textNotebook(parseNotebook(ipynb, pair.ipynb))),
      ts: percentText(readPercent(ts, pair.ts)),
    }
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

/** Reads a notebook in TypeScript. @throws UserError if it is none, or a merge has left a conflict in it. */
export function readTypeScriptNotebook(file: string): Notebook {
  const text = readBytes(file).toString('utf8')
  refuseConflict(text, file)
  const notebook = parseNotebook(text, file)
  const { kernelspec, language_info: info } = notebook.metadata
  refuseLanguage(languageOf(kernelspec, 'language') ?? languageOf(info, 'name'), file)
  return notebook
}

function refuseLanguage(language: string | null, file: string): void {
  if (language !== null && language.toLowerCase() !== 'typescript')
    throw new UserError({ where: file, expected: 'a notebook in TypeScript', found: `one in ${language}` })
}

function languageOf(value: unknown, key: string): string | null {
  const language = isJsonObject(value) ? value[key] : undefined
  return typeof language === 'string' ? language : null
}

function readTextFile(file: string): TextFile {
  const text = readBytes(file).toString('utf8')
  refuseConflict(text, file)
  const read = readPercent(text, file)
  refuseLanguage(languageOf(read.kernelspec, 'language'), file)
  return read
}

/** Reads a text that the notebook replaces: null if it is damaged. @throws UserError if it is another TypeScript file. */
function replaceableText(file: string): TextFile | null {
  try {
    return readTextFile(file)
  } catch (error) {
    if (error instanceof UserError && looksLikePercent(readBytes(file).toString('utf8'))) return null
    throw error
  }
}

/** Refuses a file that a merge has left with both versions in it. */
function refuseConflict(text: string, file: string): void {
  const at = text.split('\n').findIndex((line) => /^(?:<{7}|>{7}) /.test(line))
  if (at < 0) return
  throw new UserError({
    where: `${file}, line ${at + 1}`,
    expected: 'a merged file',
    found: 'a conflict',
    todo: file.endsWith('.ipynb')
      ? `Take one side (git checkout --ours ${file}) and run recurlab notebooks sync: it brings in the merged text.`
      : 'Resolve it first.',
  })
}

/** Refuses to replace a read-only file, as renaming another over it would do without a word. @throws UserError */
export function refuseReadOnly(file: string): void {
  if (!fs.existsSync(file) || fs.statSync(file).mode & 0o222) return
  throw new UserError({
    where: file,
    expected: 'a file that may be written',
    found: 'a read-only file',
    todo: `chmod u+w ${file}`,
  })
}
