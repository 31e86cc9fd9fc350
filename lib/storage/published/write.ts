import path from 'node:path'
import type { Dataset, DatasetManifest } from '../../data/dataset.js'
import { Interrupted, UserError } from '../../errors.js'
import { makeFolder, readBytes, sha256, writeFileAtomic } from '../../files/atomic.js'
import { besideName, putInPlace, removeFolder, tidyBeside } from '../../files/beside.js'
import { fileOperations as fs } from '../../files/operations.js'
import { type FreeSpace, needSpace } from '../../files/space.js'
import { findTask } from '../../tasks/registry.js'
import { type ExportPlan, planExport } from './plan.js'
import { testsFiles } from './read.js'
import { writeSplit } from './write-split.js'

/** Options of {@link exportPublished}. */
export interface ExportOptions {
  /** Versions per training puzzle beside itself, when unlimited. Default: 0. */
  readonly augment?: number | undefined
  /** Replaces another published folder at this path; anything else is never replaced. */
  readonly force?: boolean
  /** Cancels the export, which then leaves nothing behind. */
  readonly signal?: AbortSignal | undefined
  /** Progress callback. */
  readonly progress?: ((done: { examples: number; of: number }) => void) | undefined
  /** Free disk space; injected by tests. */
  readonly free?: FreeSpace
}

/**
 * Writes a data set in the layout of the published builders (NumPy files and JSON). A data set read from that layout is
 * reproduced: arrays byte for byte, JSON equal in value. For others, every version that the data set fixes is written,
 * or the puzzle and `augment` versions drawn from its seed. The folder is written under another name and renamed, so
 * that it is never incomplete; memory use is a few megabytes whatever its size.
 *
 * @throws UserError when something else is there, the disk is full, the path is not writable, or `augment` does not fit
 * the data set.
 */
export async function exportPublished(dataset: Dataset, dir: string, options: ExportOptions = {}): Promise<ExportPlan> {
  const folder = path.resolve(dir)
  const plan = planExport(dataset, options.augment, (bytes) => needSpace(path.dirname(folder), bytes, options.free))
  tidyBeside(folder)
  const replace = checkTarget(folder, dir, options.force ?? false)
  const { identifiers } = dataset
  // A name takes about 30 bytes; test tasks are a few megabytes.
  needSpace(path.dirname(folder), plan.bytes + identifiers.count * 32 + 2 ** 23, options.free)
  const beside = besideName(folder)
  makeFolder(beside)
  try {
    let examples = 0
    for (const split of plan.splits)
      await writeSplit(beside, dataset, split, async (more) => {
        examples += more
        options.progress?.({ examples, of: plan.examples })
        // Yields to the event loop, so that an abort signal is noticed.
        await new Promise((resolve) => setImmediate(resolve))
        if (options.signal?.aborted)
          throw new Interrupted({
            where: dir,
            expected: 'a complete export',
            found: 'an interrupt; nothing was written',
          })
      })
    writeFileAtomic(path.join(beside, 'identifiers.json'), identifierPieces(dataset, plan))
    const tests = testsOf(dataset, plan)
    if (tests !== null) writeFileAtomic(path.join(beside, tests.file), tests.content)
    if (!putInPlace(beside, folder, replace))
      throw occupied(dir, 'a folder that another process has put there in the meantime', 'Run the same command again.')
  } catch (error) {
    removeFolder(beside)
    throw error
  }
  return plan
}

/** Returns whether another published folder is to be replaced. @throws UserError when something there may not be. */
function checkTarget(folder: string, dir: string, force: boolean): boolean {
  if (!fs.existsSync(folder)) return false
  if (!fs.statSync(folder).isDirectory()) throw occupied(dir, 'a file', 'Choose another folder.')
  const names = fs.readdirSync(folder)
  if (names.length === 0) return true
  const own = ['train', 'test', 'identifiers.json', ...testsFiles()]
  if (!names.includes('identifiers.json') || names.some((name) => !own.includes(name)))
    throw occupied(dir, 'other files', 'Choose another folder.')
  if (!force) throw occupied(dir, 'another published data set', 'Choose another folder, or replace it with --force.')
  return true
}

function occupied(dir: string, found: string, todo: string): UserError {
  return new UserError({ where: dir, expected: 'an empty or new folder', found, todo })
}

/** Number of names per piece of `identifiers.json`. */
const NAMES = 10_000

function identifierPieces({ identifiers }: Dataset, { published }: ExportPlan): Uint8Array[] {
  const asObject = published?.identifiers === 'object'
  const pieces: Uint8Array[] = []
  for (let first = 0; first < identifiers.count; first += NAMES) {
    const end = Math.min(first + NAMES, identifiers.count)
    const texts: string[] = []
    for (let id = first; id < end; id++) {
      const name = JSON.stringify(identifiers.name(id))
      texts.push(asObject ? `"${id}": ${name}` : name)
    }
    const open = first === 0 ? (asObject ? '{' : '[') : ''
    const close = end === identifiers.count ? (asObject ? '}' : ']') : ', '
    pieces.push(Buffer.from(`${open}${texts.join(', ')}${close}`, 'utf8'))
  }
  return pieces
}

/** Returns the file of test tasks: the stored one of a published folder, else the task's own; null without test tasks. */
function testsOf(dataset: Dataset, { published }: ExportPlan): { file: string; content: Uint8Array | string } | null {
  const { manifest, testTasks } = dataset
  const tests = findTask(manifest.task)?.published?.tests
  if (!tests || !testTasks || published?.testPuzzles === false) return null
  const { file } = tests
  const content = published ? storedFile(manifest, file) : JSON.stringify(tests.content(dataset, testTasks))
  return { file, content }
}

/** Reads a file of the folder that a data set was read from. @throws UserError when it has changed since. */
function storedFile({ source }: DatasetManifest, name: string): Uint8Array {
  const stored = source.kind === 'files' ? source.files.find((file) => path.basename(file.path) === name) : undefined
  if (!stored) throw new RangeError(`no ${name} among the source files`)
  const content = readBytes(stored.path)
  if (sha256(content) !== stored.sha256)
    throw new UserError({
      where: stored.path,
      expected: 'the file as it was read',
      found: 'a file that was modified since',
    })
  return content
}
