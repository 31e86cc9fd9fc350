import { UserError } from '../../errors.js'
import { systemReason, writeFileAtomic } from '../../files/atomic.js'
import { readJson } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { addFile, beginSum, type Checksum, type Summing, sumText } from './checksum.js'

/** An incomplete download: `FILE.part`, and beside it `FILE.part.json`, which identifies its source. */
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

/** Returns the number of bytes left by an earlier call, and their entity tag. */
export function partThere(file: string, size: number, checksum: Checksum): { have: number; etag: string | null } {
  const nothing = { have: 0, etag: null }
  if (!fs.existsSync(partOf(file)) || !fs.existsSync(stateOf(file))) return nothing
  const have = fs.statSync(partOf(file)).size
  let state: Record<string, unknown>
  try {
    state = readJson(stateOf(file))
  } catch {
    // Damaged notes count as missing.
    return nothing
  }
  if (state.formatVersion !== FORMAT_VERSION || state.sum !== sumText(checksum) || have > size) return nothing
  return { have, etag: typeof state.etag === 'string' ? state.etag : null }
}

/** Opens or creates the part of a file. @throws UserError when the path is not writable. */
export function openPart(file: string, size: number, checksum: Checksum): Part {
  const there = partThere(file, size, checksum)
  let { have, etag } = there
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
  let sum: Summing = beginSum(checksum.kind, size)
  if (have > 0) addFile(sum, partOf(file), have)
  let fd = attempt(() => fs.openSync(partOf(file), have > 0 ? 'r+' : 'w'))
  let open = true
  const close = (): void => {
    if (!open) return
    open = false
    fs.closeSync(fd)
  }
  const discard = (): void => {
    close()
    fs.rmSync(partOf(file), { force: true })
    fs.rmSync(stateOf(file), { force: true })
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
      writeFileAtomic(stateOf(file), `${JSON.stringify(state)}\n`)
      fd = attempt(() => fs.openSync(partOf(file), 'w'))
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
      attempt(() => fs.renameSync(partOf(file), file))
      fs.rmSync(stateOf(file), { force: true })
    },
    close,
    discard,
  }
}

function partOf(file: string): string {
  return `${file}.part`
}

function stateOf(file: string): string {
  return `${file}.part.json`
}
