import path from 'node:path'
import { UserError } from '../../errors.js'
import { systemReason, writeFileAtomic } from '../../files/atomic.js'
import { besideName, besides } from '../../files/beside.js'
import { readJson } from '../../files/json.js'
import { temporaryFor } from '../../files/leftovers.js'
import { fileOperations as fs } from '../../files/operations.js'
import { addFile, beginSum, type Checksum, type Summing, sumText } from './checksum.js'

/** An incomplete download: `FILE.part`, or that with the name of a process that writes it, and beside it its notes (`.json`), which identify its source. */
export interface Part {
  /** Bytes present. */
  readonly have: number
  /** Strong entity tag of the content; null when the server gave none. */
  readonly etag: string | null
  /** Appends bytes. @throws UserError when the disk is full. */
  write(bytes: Uint8Array): void
  /** Restarts from zero bytes, for content with this tag. */
  restart(etag: string | null): void
  /**
   * Verifies the checksum and moves the file into place. @throws UserError when the checksum differs; the part is then
   * discarded.
   */
  finish(): void
  /** Closes the part and keeps it for a later call. */
  close(): void
  /** Deletes the part. */
  discard(): void
}

/** Version of `FILE.part.json`. A part of another version is downloaded again. */
const FORMAT_VERSION = 1

/** The part of a download that an earlier call left. */
interface LeftPart {
  readonly name: string
  readonly have: number
  readonly etag: string | null
}

/** Returns the number of bytes that earlier calls left. */
export function bytesLeft(file: string, size: number, checksum: Checksum): number {
  return leftPart(file, size, checksum)?.have ?? 0
}

/**
 * Opens or creates the part of a file. While it is written it has a name of this process, so that several processes which
 * download one file do not meddle; a call that is interrupted leaves it as `FILE.part`.
 *
 * @throws UserError when the path is not writable.
 */
export function openPart(file: string, size: number, checksum: Checksum): Part {
  const own = besideName(partOf(file))
  const attempt = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw new UserError(
        {
          where: partOf(file),
          expected: 'a writable path',
          found: systemReason(error),
          todo: 'Free some space, then run the same command again to resume.',
        },
        { cause: error },
      )
    }
  }
  let { have, etag } = claim(file, own, size, checksum)
  let sum: Summing = beginSum(checksum.kind, size)
  if (have > 0) addFile(sum, own, have)
  let fd = attempt(() => fs.openSync(own, have > 0 ? 'r+' : 'w'))
  let open = true
  const close = (): boolean => {
    if (!open) return false
    open = false
    fs.closeSync(fd)
    return true
  }
  const discard = (): void => {
    close()
    removePart(own)
  }
  return {
    get have() {
      return have
    },
    get etag() {
      return etag
    },
    write(bytes) {
      for (let done = 0; done < bytes.length; )
        done += attempt(() => fs.writeSync(fd, bytes, done, bytes.length - done, have + done))
      sum.update(bytes)
      have += bytes.length
    },
    restart(tag) {
      close()
      const state = { formatVersion: FORMAT_VERSION, sum: sumText(checksum), size, etag: tag }
      writeFileAtomic(stateOf(own), `${JSON.stringify(state)}\n`)
      fd = attempt(() => fs.openSync(own, 'w'))
      open = true
      sum = beginSum(checksum.kind, size)
      have = 0
      etag = tag
    },
    finish() {
      const found = sum.hex()
      if (found !== checksum.hex) {
        discard()
        throw new UserError({
          where: file,
          expected: sumText(checksum),
          found: `${found}: the download is damaged`,
          todo: 'It was discarded; run the same command again.',
        })
      }
      attempt(() => fs.fsyncSync(fd))
      close()
      attempt(() => fs.renameSync(own, file))
      removePart(own)
      removeParts(file)
    },
    close() {
      if (close() && !move(own, partOf(file))) removePart(own)
    },
    discard,
  }
}

/** Removes what calls left of a file that is complete, apart from those that are at work. */
export function removeParts(file: string): void {
  for (const part of partsLeft(file)) removePart(part)
}

/** Takes the largest part that an earlier call left, and removes the others. */
function claim(file: string, own: string, size: number, checksum: Checksum): Omit<LeftPart, 'name'> {
  const left = leftPart(file, size, checksum)
  // Another process may have taken it by now.
  const taken = left !== null && move(left.name, own) ? left : { have: 0, etag: null }
  for (const part of partsLeft(file)) if (part !== own) removePart(part)
  return taken
}

function leftPart(file: string, size: number, checksum: Checksum): LeftPart | null {
  const parts = partsLeft(file).flatMap((name) => usable(name, size, checksum) ?? [])
  return parts.sort((a, b) => b.have - a.have)[0] ?? null
}

/** Returns the parts of a file that no process writes, as far as can be seen from here. */
function partsLeft(file: string): string[] {
  const part = partOf(file)
  const others = besides(part).filter(({ kind, isAtWork }) => kind === 'tmp' && !isAtWork)
  return [part, ...others.map(({ name }) => path.join(path.dirname(part), name))]
}

/** Returns a part of the wanted content; null for any other, and for none. */
function usable(name: string, size: number, checksum: Checksum): LeftPart | null {
  try {
    const have = fs.statSync(name).size
    const state = readJson(stateOf(name))
    if (state.formatVersion !== FORMAT_VERSION || state.sum !== sumText(checksum) || have > size) return null
    return { name, have, etag: typeof state.etag === 'string' ? state.etag : null }
  } catch {
    // Damaged notes count as missing.
    return null
  }
}

/**
 * Renames a part together with its notes, which are copied first: a process that dies in between loses neither. Returns whether
 * the part was there, i.e. no other process took it.
 */
function move(from: string, to: string): boolean {
  try {
    writeFileAtomic(stateOf(to), fs.readFileSync(stateOf(from)))
    fs.renameSync(from, to)
  } catch {
    return false
  }
  fs.rmSync(stateOf(from), { force: true })
  return true
}

/** Removes a part, its notes, and what its process had written of them when it died. */
function removePart(name: string): void {
  fs.rmSync(name, { force: true })
  fs.rmSync(stateOf(name), { force: true })
  const [, pid] = /\.(\d+)-\w+-\d+\.tmp$/.exec(name) ?? []
  if (pid !== undefined) fs.rmSync(temporaryFor(stateOf(name), pid), { force: true })
}

function partOf(file: string): string {
  return `${file}.part`
}

function stateOf(part: string): string {
  return `${part}.json`
}
