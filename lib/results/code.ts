import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { fileOperations as fs } from '../files/operations.js'
import { projectFolder } from '../files/places.js'
import { temporaryFolder } from '../files/temporary.js'
import { decidesNumbers, gitHash, normalised, runningSources, type Sources } from './sources.js'

/** The code behind a computation, as recorded. */
export interface CodeRecord {
  /** Commit of the folder; null without one. */
  readonly commit: string | null
  /** Reason for the missing commit; null when there is one. */
  readonly reason: string | null
  /** Hash of the sources that decide a run's numbers, independent of the commit and of other files. */
  readonly hash: string
  /** First twelve digits of the git blob name of each of these sources. */
  readonly files: Readonly<Record<string, string>>
  /** Those that differ from the commit, including new and deleted ones; null without a commit, or when git fails. */
  readonly changed: readonly string[] | null
}

/** A record of the code, with its uncommitted changes. */
export interface Code {
  readonly record: CodeRecord
  /**
   * Differences of the sources from the commit, as `git apply` accepts them; empty without differences, one line with
   * the reason when git fails.
   */
  readonly diff: string
}

/** Maximum bytes of a stored diff. */
const DIFF_BYTES = 262_144

let known: { readonly commit: string; readonly code: Code } | null = null

/** Returns the code that this process runs, compared with its commit. Nothing is written to the checkout. */
export function currentCode(root: string = projectFolder): Code {
  const sources = runningSources(root)
  const { hash, files } = sources
  const commit = commitOf(root)
  if (typeof commit === 'object')
    return { record: { commit: null, reason: commit.reason, hash, files, changed: null }, diff: '' }
  if (known?.commit === commit && known.code.record.hash === hash) return known.code
  const { changed, diff } = differences(root, commit, sources)
  const code = { record: { commit, reason: null, hash, files, changed }, diff }
  known = { commit, code }
  return code
}

/** Returns the commit of a folder that is the root of a git checkout, or the reason why there is none. */
function commitOf(folder: string): string | { readonly reason: string } {
  try {
    const [top, commit] = git(folder, ['rev-parse', '--show-toplevel', 'HEAD']).trim().split('\n') as [string, string]
    if (fs.realpathSync(top) === fs.realpathSync(folder)) return commit
    return { reason: 'the code is inside another git checkout' }
  } catch (error) {
    return { reason: reasonOf(error) }
  }
}

function reasonOf(error: unknown): string {
  const { code, syscall, stderr } = error as NodeJS.ErrnoException & { stderr?: unknown }
  if (code === 'ENOENT' && syscall?.startsWith('spawn')) return 'git is not installed'
  return (
    String(stderr || (error instanceof Error ? error.message : error))
      .trim()
      .split('\n')[0] || 'git failed'
  )
}

/** Returns the changed files and their diff. When git fails, the diff is the reason, and the run continues. */
function differences(root: string, commit: string, sources: Sources): { changed: string[] | null; diff: string } {
  let changed: string[] | null = null
  try {
    const committed = committedSources(root, commit)
    const suspects = [...new Set([...committed.keys(), ...Object.keys(sources.files)])].filter((file) => {
      const name = committed.get(file)
      return name !== (file in sources.files ? gitHash(sources.text(file), hashOf(name)) : undefined)
    })
    changed = suspects.sort()
    if (suspects.length === 0) return { changed, diff: '' }
    const before = textsOf(root, committed, suspects)
    const after = new Map(suspects.map((file) => [file, file in sources.files ? sources.text(file) : null]))
    // Line endings may differ in the commit.
    changed = suspects.filter((file) => before.get(file) !== after.get(file))
    return { changed, diff: changed.length > 0 ? diffOf(changed, before, after) : '' }
  } catch (error) {
    return { changed, diff: `# no diff: ${reasonOf(error)}\n` }
  }
}

/** Returns the git blob names of the sources in a commit, by path. */
function committedSources(root: string, commit: string): Map<string, string> {
  const committed = new Map<string, string>()
  for (const line of git(root, ['ls-tree', '-r', '-z', '--full-tree', commit, '--', 'lib']).split('\0')) {
    const [about = '', file = ''] = line.split('\t')
    if (decidesNumbers(file)) committed.set(file, about.split(' ')[2] ?? '')
  }
  return committed
}

/** Returns the hash algorithm of a repository: blob names are longer under SHA-256. */
function hashOf(name: string | undefined): 'sha1' | 'sha256' {
  return name !== undefined && name.length > 40 ? 'sha256' : 'sha1'
}

type Texts = ReadonlyMap<string, string | null>

/** Returns the committed texts of files; null for an uncommitted file. */
function textsOf(root: string, committed: ReadonlyMap<string, string>, files: readonly string[]): Texts {
  return new Map(
    files.map((file) => {
      const name = committed.get(file)
      return [file, name ? normalised(git(root, ['cat-file', 'blob', name])) : null]
    }),
  )
}

/** Writes both texts of each file to a temporary folder, so that the diff covers the running code, not later edits. */
function diffOf(files: readonly string[], before: Texts, after: Texts): string {
  const folder = temporaryFolder('diff')
  try {
    for (const [side, texts] of [
      ['a', before],
      ['b', after],
    ] as const) {
      fs.mkdirSync(path.join(folder, side))
      for (const file of files) {
        const text = texts.get(file)
        if (text === null || text === undefined) continue
        fs.mkdirSync(path.join(folder, side, path.dirname(file)), { recursive: true })
        fs.writeFileSync(path.join(folder, side, file), text)
      }
    }
    return bounded(git(folder, ['diff', '--no-index', '--no-prefix', '--no-color', '--no-ext-diff', 'a', 'b'], 1))
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

function bounded(diff: string): string {
  const bytes = Buffer.from(diff)
  if (bytes.length <= DIFF_BYTES) return diff
  const kept = bytes.subarray(0, bytes.lastIndexOf('\n', DIFF_BYTES) + 1)
  return `${kept.toString()}# cut: ${bytes.length - kept.length} bytes more\n`
}

/** Returns the output of a git command. @param alsoRight another exit status that means success */
function git(folder: string, args: readonly string[], alsoRight = 0): string {
  try {
    return execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 2 ** 28,
      env: { ...ownEnvironment(), GIT_OPTIONAL_LOCKS: '0' },
    })
  } catch (error) {
    const { status, stdout } = error as { status?: number | null; stdout?: string }
    if (status && status === alsoRight) return stdout ?? ''
    throw error
  }
}

/** Returns the environment without git's variables, which a calling git command may have set for its own repository. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE'].includes(name)),
  )
}
