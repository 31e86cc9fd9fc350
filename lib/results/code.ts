import { execFileSync } from 'node:child_process'
import { mkdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { projectFolder } from '../files/places.js'
import { temporaryFolder } from '../files/temporary.js'
import { decidesNumbers, gitHash, normalised, runningSources, type Sources } from './sources.js'

/** The code that something was computed with, as its record has it. */
export interface CodeRecord {
  /** The commit that the folder is at; null where there is none. */
  readonly commit: string | null
  /** Why there is no commit; null where there is one. */
  readonly reason: string | null
  /** Names the sources that decide a run's numbers, whatever the commit and whatever else differs from it. */
  readonly hash: string
  /** The first twelve digits of the name that git gives to each of these sources. */
  readonly files: Readonly<Record<string, string>>
  /** Those of them that differ from the commit, new and deleted ones too; null without a commit, or where git cannot tell. */
  readonly changed: readonly string[] | null
}

/** A record of the code, and what of it no commit has. */
export interface Code {
  readonly record: CodeRecord
  /** The differences of the sources from the commit, as `git apply` takes them; empty where there are none, a line with the reason where git cannot tell. */
  readonly diff: string
}

/** Bytes of a diff that are kept. */
const DIFF_BYTES = 262_144

let known: { readonly commit: string; readonly code: Code } | null = null

/** The code that this process runs, compared with the commit that it lies in. Nothing is written beside the sources. */
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

/** The commit of a folder that is the top of a git checkout, or why there is none. */
function commitOf(folder: string): string | { readonly reason: string } {
  try {
    const [top, commit] = git(folder, ['rev-parse', '--show-toplevel', 'HEAD']).trim().split('\n') as [string, string]
    if (realpathSync(top) === realpathSync(folder)) return commit
    return { reason: 'the code lies inside the git checkout of something else' }
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

/** The changed files and their diff. On an error the diff is its reason, so that the run does not fail. */
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
    // Line ends may have been committed otherwise.
    changed = suspects.filter((file) => before.get(file) !== after.get(file))
    return { changed, diff: changed.length > 0 ? diffOf(changed, before, after) : '' }
  } catch (error) {
    return { changed, diff: `# no diff: ${reasonOf(error)}\n` }
  }
}

/** Git's names of the sources' texts in a commit, by path. */
function committedSources(root: string, commit: string): Map<string, string> {
  const committed = new Map<string, string>()
  for (const line of git(root, ['ls-tree', '-r', '-z', '--full-tree', commit, '--', 'lib']).split('\0')) {
    const [about = '', file = ''] = line.split('\t')
    if (decidesNumbers(file)) committed.set(file, about.split(' ')[2] ?? '')
  }
  return committed
}

/** Names of texts are longer in repositories that use SHA-256. */
function hashOf(name: string | undefined): 'sha1' | 'sha256' {
  return name !== undefined && name.length > 40 ? 'sha256' : 'sha1'
}

type Texts = ReadonlyMap<string, string | null>

/** The committed texts of files; null for one that is not committed. */
function textsOf(root: string, committed: ReadonlyMap<string, string>, files: readonly string[]): Texts {
  return new Map(
    files.map((file) => {
      const name = committed.get(file)
      return [file, name ? normalised(git(root, ['cat-file', 'blob', name])) : null]
    }),
  )
}

/** Both texts of each file are laid out in a folder of their own, so that what runs is compared, not what the files have by now. */
function diffOf(files: readonly string[], before: Texts, after: Texts): string {
  const folder = temporaryFolder('diff')
  try {
    for (const [side, texts] of [
      ['a', before],
      ['b', after],
    ] as const) {
      mkdirSync(path.join(folder, side))
      for (const file of files) {
        const text = texts.get(file)
        if (text === null || text === undefined) continue
        mkdirSync(path.join(folder, side, path.dirname(file)), { recursive: true })
        writeFileSync(path.join(folder, side, file), text)
      }
    }
    return bounded(git(folder, ['diff', '--no-index', '--no-prefix', '--no-color', '--no-ext-diff', 'a', 'b'], 1))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function bounded(diff: string): string {
  const bytes = Buffer.from(diff)
  if (bytes.length <= DIFF_BYTES) return diff
  const kept = bytes.subarray(0, bytes.lastIndexOf('\n', DIFF_BYTES) + 1)
  return `${kept.toString()}# cut: ${bytes.length - kept.length} bytes more\n`
}

/** The output of a git command. @param alsoRight another exit status that means success */
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

/** Without what a git command that runs this process says about its own repository. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE'].includes(name)),
  )
}
