import { createHash } from 'node:crypto'
import path from 'node:path'
import { fileOperations as fs } from '../files/operations.js'
import { projectFolder } from '../files/places.js'

/**
 * Files and folders whose code decides a run's numbers: with equal sources, data, configuration and backend, a run is
 * equal bit for bit. Code that displays, stores, lists or estimates is excluded; so are presets and defaults, because a
 * run's configuration contains every value.
 */
const DECIDING = [
  'lib/backend',
  'lib/config/best-metric.ts',
  'lib/config/call-own.ts',
  'lib/config/effective.ts',
  'lib/config/functions.ts',
  'lib/config/key-groups.ts',
  'lib/config/model-keys.ts',
  'lib/config/parse.ts',
  'lib/config/recursion-key.ts',
  'lib/config/resolved.ts',
  'lib/config/until.ts',
  'lib/data',
  'lib/tasks',
  'lib/storage',
  'lib/evaluate',
  'lib/experiment/run/begin.ts',
  'lib/experiment/run/compute-settings.ts',
  'lib/experiment/data/dataset.ts',
  'lib/experiment/run/dtype.ts',
  'lib/experiment/run/ending.ts',
  'lib/experiment/run/functions.ts',
  'lib/experiment/run/not-finite.ts',
  'lib/experiment/run/observer.ts',
  'lib/experiment/run/reopen.ts',
  'lib/experiment/run/resolve.ts',
  'lib/experiment/run/session.ts',
  'lib/experiment/run/weights.ts',
  'lib/interop',
  'lib/model',
  'lib/random.ts',
  'lib/recursion',
  'lib/train',
] as const

/**
 * Parts of those folders that decide nothing: downloads are identified by their content, and texts and pictures only
 * display.
 */
const EXCEPT = [
  'lib/backend/smoke.ts',
  'lib/interop/named',
  'lib/recursion/pseudocode.ts',
  'lib/storage/fetch',
  'lib/tasks/downloads.ts',
  'lib/tasks/glossary.ts',
  'lib/tasks/look.ts',
  'lib/tasks/posed.ts',
  'lib/tasks/symbols.ts',
] as const
/**
 * Files of a task's folder that decide nothing: downloads are identified by their content; a run's configuration contains
 * its preset's values; a posed puzzle is solved, not trained on.
 */
const OF_TASKS = /\/(?:downloads|presets|pose)\.ts$/

const CODE = /\.(?:ts|mts|mjs|js|h|cc)$/

/** The sources that decide a run's numbers. */
export interface Sources {
  /** SHA-256 over all of them: equal exactly when every file is. */
  readonly hash: string
  /** First twelve digits of the git blob name of each file, by path from the project's folder. */
  readonly files: Readonly<Record<string, string>>
  /** Returns the text of a file, with `\n` line endings. */
  text(file: string): string
}

/** A loaded module, whose text may differ from the file after an edit. */
export interface LoadedModule {
  text(): string
}

/** Registry of the notebook's kernel, which reloads edited modules: the running module by absolute path. */
const LOADED = Symbol.for('recurlab.modules')

/** A text with its git blob name. */
interface Source {
  readonly text: string
  readonly name: string
}

const memory = new Map<string, Source>()
const loadedSources = new WeakMap<LoadedModule, Source>()

/** Returns whether a path from the project's folder is one of {@link Sources}. */
export function decidesNumbers(file: string): boolean {
  const decides = CODE.test(file) && DECIDING.some((one) => isIn(file, one))
  return decides && !OF_TASKS.test(file) && !EXCEPT.some((one) => isIn(file, one))
}

/**
 * Returns the sources as this process runs them: the loaded modules in a notebook's kernel, elsewhere the files as they
 * were at the first call. Line endings are normalised.
 */
export function runningSources(root: string = projectFolder): Sources {
  const sources = new Map<string, Source>()
  for (const one of DECIDING) for (const file of filesOf(root, one)) sources.set(file, running(root, file))
  const files = Object.fromEntries([...sources].sort().map(([file, { name }]) => [file, name.slice(0, 12)]))
  return {
    hash: createHash('sha256').update(JSON.stringify(files)).digest('hex'),
    files,
    text: (file) => sources.get(file)?.text ?? '',
  }
}

/** Returns the git blob name of a text. */
export function gitHash(text: string, algorithm: 'sha1' | 'sha256' = 'sha1'): string {
  const bytes = Buffer.from(text)
  return createHash(algorithm).update(`blob ${bytes.length}\0`).update(bytes).digest('hex')
}

/** Returns a text with `\n` line endings and without a byte-order mark. */
export function normalised(text: string): string {
  return text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
}

function running(root: string, file: string): Source {
  const absolute = path.join(root, file)
  const find = (globalThis as { [LOADED]?: (file: string) => LoadedModule | null })[LOADED]
  const loaded = find?.(absolute)
  if (loaded) {
    const source = loadedSources.get(loaded) ?? sourceOf(loaded.text())
    loadedSources.set(loaded, source)
    return source
  }
  // Kernel sources stay as loaded; modules that are not yet loaded will have the file's current text.
  const kept = find && !/\.(?:h|cc)$/.test(file) ? undefined : memory.get(absolute)
  const source = kept ?? sourceOf(fs.readFileSync(absolute, 'utf8'))
  memory.set(absolute, source)
  return source
}

function sourceOf(raw: string): Source {
  const text = normalised(raw)
  return { text, name: gitHash(text) }
}

function filesOf(root: string, one: string): string[] {
  if (CODE.test(one)) return fs.existsSync(path.join(root, one)) ? [one] : []
  return list(path.join(root, one))
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'))
    .filter(decidesNumbers)
}

/** Lists the entries of a folder recursively; empty when it is missing. */
function list(folder: string) {
  try {
    return fs.readdirSync(folder, { withFileTypes: true, recursive: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

function isIn(file: string, one: string): boolean {
  return file === one || file.startsWith(`${one}/`)
}
