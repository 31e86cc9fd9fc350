import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { UserError } from '../../errors.js'
import { sha256 } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'
import { readSealedJson, type SealedFormat, writeSealedJson } from '../../files/sealed-json.js'

const FORMAT: SealedFormat = { what: 'the last sync of a notebook', version: 2, todo: 'Delete it.' }

/** Folder that holds, for each pair on this machine, the hash of the text at its last sync. */
export const LAST_SYNCS = path.join(projectFolder, '.recurlab', 'cache', 'notebooks')

/** Returns the SHA-256 of the text of a notebook at its last sync; null if that is not known. */
export function readLastSync(notebook: string, folder: string): string | null {
  const file = recordOf(notebook, folder)
  if (!fs.existsSync(file)) return null
  try {
    const { notebook: of, text } = readSealedJson(file, FORMAT)
    return of === path.resolve(notebook) && typeof text === 'string' ? text : null
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

/** Records a sync. Without the record, the next sync compares with the last commit. */
export function writeLastSync(notebook: string, text: string, folder: string): void {
  try {
    fs.mkdirSync(folder, { recursive: true })
    writeSealedJson(recordOf(notebook, folder), FORMAT, { notebook: path.resolve(notebook), text })
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
}

function recordOf(notebook: string, folder: string): string {
  return path.join(folder, `${sha256(path.resolve(notebook)).slice(0, 16)}.json`)
}

/** Returns a file as it is in the last commit; null if it is in none. */
export function committedText(file: string): string | null {
  // A hook of Git sets these for its own repository, relative to another folder.
  const { GIT_DIR: _dir, GIT_WORK_TREE: _tree, GIT_INDEX_FILE: _index, ...env } = process.env
  try {
    return execFileSync('git', ['-C', path.dirname(path.resolve(file)), 'show', `HEAD:./${path.basename(file)}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      maxBuffer: 2 ** 28,
      env,
    })
  } catch {
    return null
  }
}
