import path from 'node:path'
import { Interrupted, UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { addFile, beginSum, sumText } from './checksum.js'
import type { RemoteFile } from './hub.js'
import { bytesLeft, openPart, type Part, removeParts } from './part.js'
import { isTransientStatus, networkError, Offline, type Patience, request, Transient, waitBefore } from './patience.js'

/** Callbacks and cancellation of a download. */
export interface DownloadOptions {
  readonly patience: Patience
  readonly signal?: AbortSignal | undefined
  /** Called with the number of bytes present. */
  readonly progress?: ((have: number) => void) | undefined
  /** Returns the error for a status that a retry cannot change. */
  refused(status: number): UserError
  /** Returns the error for a missing connection. */
  offline(reason: string): UserError
}

/** Maximum number of tries, even when each makes progress. */
const MOST_TRIES = 1000

/** Stalls, one after the other, in which at least {@link LEAST_BYTES} must come. */
const STALLS = 10
/** A connection over which less comes would take weeks for a data set: it is another one that only keeps us waiting. */
const LEAST_BYTES = 2 ** 16

/** A connection that gives a byte now and then. */
class TooSlow extends Transient {}

/** Returns whether the complete file exists; parts of it are then removed. @throws UserError when another file has its name. */
export function isThere(file: string, { size, checksum }: RemoteFile): boolean {
  if (!fs.existsSync(file)) return false
  const stat = fs.statSync(file)
  const sum = beginSum(checksum.kind, size)
  if (stat.isFile() && stat.size === size) {
    addFile(sum, file, size)
    if (sum.hex() === checksum.hex) {
      removeParts(file)
      return true
    }
  }
  throw new UserError({
    where: file,
    expected: `nothing, or the published file (${size} bytes, ${sumText(checksum)})`,
    found: stat.isFile() ? `another file of ${stat.size} bytes` : 'no file',
    todo: 'Move it away, or fetch into another folder with out=DIR.',
  })
}

/** Returns the number of bytes still to download. */
export function missingBytes(file: string, { size, checksum }: RemoteFile): number {
  return size - bytesLeft(file, size, checksum)
}

/**
 * Downloads a file with retries: an interrupted download leaves `FILE.part`, which the next try or the next call
 * resumes; stalled connections and server errors are retried. The file gets its name only after its length and checksum
 * are verified.
 *
 * @throws UserError when the download is refused, too long, damaged, or unavailable after `patience.tries` tries; Interrupted
 * when it is stopped.
 */
export async function download(file: string, remote: RemoteFile, options: DownloadOptions): Promise<void> {
  const { patience, signal } = options
  const part = openPart(file, remote.size, remote.checksum)
  try {
    let idle = 0
    let failure: Error = new Transient('no try was made')
    for (let tried = 0; tried < MOST_TRIES && idle < patience.tries; tried++) {
      if (idle > 0) await waitBefore(idle, patience, signal)
      if (signal?.aborted) throw interrupted(file, part, remote)
      const before = part.have
      try {
        if (part.have < remote.size || remote.size === 0) await pull(part, file, remote, options)
        part.finish()
        return
      } catch (error) {
        if (signal?.aborted) throw interrupted(file, part, remote)
        failure = networkError(error)
        if (failure instanceof UserError) throw failure
      }
      idle = part.have > before && !(failure instanceof TooSlow) ? 1 : idle + 1
    }
    if (failure instanceof Offline) throw options.offline(failure.message)
    throw new UserError({
      where: file,
      expected: `${remote.size} bytes`,
      found: `${part.have} bytes after ${patience.tries} tries without progress (${failure.message})`,
      todo: `The partial file ${path.basename(file)}.part is kept: run the same command again to resume.`,
    })
  } finally {
    part.close()
  }
}

/** Makes one try: requests the missing bytes and appends them. */
async function pull(part: Part, file: string, remote: RemoteFile, options: DownloadOptions): Promise<void> {
  const { patience, signal } = options
  const { response, stop } = await request(remote.url, { headers: headersFor(part, remote) }, patience, signal)
  const { status } = response
  try {
    if (isTransientStatus(status)) throw new Transient(`HTTP status ${status}`)
    const etag = strongTag(response)
    if (status === 416 || (status === 206 && !continues(response, part, file, remote))) {
      part.restart(null)
      throw new Transient('the content on the server has changed; restarting')
    }
    if (status !== 200 && status !== 206) throw options.refused(status)
    if (status === 200) {
      checkLength(response, file, remote)
      // An answer without a range is the whole file: the server does not support ranges, or the content has changed.
      part.restart(etag)
    }
    await take(response, stop, part, file, remote, options)
  } finally {
    // Ends the unread rest of the body: an error page, or a file that is too long.
    stop.abort()
  }
}

function headersFor({ have, etag }: Part, { headers }: RemoteFile): Record<string, string> {
  const asked: Record<string, string> = { ...headers, 'accept-encoding': 'identity' }
  if (have > 0) {
    asked.range = `bytes=${have}-`
    if (etag !== null) asked['if-range'] = etag
  }
  return asked
}

/** Returns a strong entity tag, the only kind that promises equal bytes. */
function strongTag(response: Response): string | null {
  const etag = response.headers.get('etag')
  return etag?.startsWith('"') ? etag : null
}

/** Returns whether a range answer continues the part. @throws UserError when the whole has another length. */
function continues(response: Response, part: Part, file: string, remote: RemoteFile): boolean {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '')
  if (!range) return false
  if (range[3] !== '*' && Number(range[3]) !== remote.size) throw anotherLength(file, remote, `${range[3]} in all`)
  const etag = strongTag(response)
  const same = part.etag === null || etag === null || etag === part.etag
  return same && Number(range[1]) === part.have && part.have > 0
}

function checkLength(response: Response, file: string, remote: RemoteFile): void {
  const length = response.headers.get('content-length')
  if (length !== null && Number(length) !== remote.size) throw anotherLength(file, remote, length)
}

function anotherLength(file: string, remote: RemoteFile, found: string): UserError {
  return new UserError({
    where: file,
    expected: `${remote.size} bytes, as listed by the hub`,
    found: `a length of ${found}`,
    todo: 'Something between here and the hub alters the file: try another network, or try again later.',
  })
}

async function take(
  response: Response,
  stop: AbortController,
  part: Part,
  file: string,
  remote: RemoteFile,
  { patience, progress }: DownloadOptions,
): Promise<void> {
  const reader = response.body?.getReader()
  const stalled = (): void => stop.abort(new Transient(`no bytes for ${patience.stall / 1000} s`))
  let timer = setTimeout(stalled, patience.stall)
  let before = part.have
  const slow = setInterval(() => {
    if (part.have - before < LEAST_BYTES)
      stop.abort(new TooSlow(`only ${part.have - before} bytes in ${(STALLS * patience.stall) / 1000} s`))
    before = part.have
  }, STALLS * patience.stall)
  try {
    for (;;) {
      const piece = await reader?.read()
      if (piece === undefined || piece.done) break
      clearTimeout(timer)
      timer = setTimeout(stalled, patience.stall)
      if (part.have + piece.value.length > remote.size) {
        part.discard()
        throw anotherLength(file, remote, `more than ${remote.size}`)
      }
      part.write(piece.value)
      progress?.(part.have)
    }
  } finally {
    clearTimeout(timer)
    clearInterval(slow)
  }
  if (part.have < remote.size) throw new Transient('the connection was closed early')
}

function interrupted(file: string, part: Part, { size }: RemoteFile): Interrupted {
  return new Interrupted({
    where: file,
    expected: 'a complete download',
    found: 'an interrupt',
    todo: `${part.have} of ${size} bytes are kept in ${path.basename(file)}.part: run the same command again to resume.`,
  })
}
