import { createHash } from 'node:crypto'
import { UserError } from '../errors.js'
import { sha256 } from './atomic.js'
import { differingHashes } from './hash-text.js'
import { fileOperations as fs } from './operations.js'
import { openRegular } from './regular.js'
import { safetensorsPieces, type TensorEntry } from './safetensors.js'

/**
 * Start of a sealed file: a safetensors file that carries its own SHA-256, computed with zeros in its place, so that
 * one rename replaces file and checksum together. The checksum is the first word of the metadata, which comes first: it
 * has a fixed offset and is verified before anything is parsed.
 */
const BEFORE_CHECKSUM = '{"__metadata__":{"checksum":"'
const CHECKSUM_AT = 8 + BEFORE_CHECKSUM.length
const ZEROS = '0'.repeat(64)

/**
 * Serialises a sealed safetensors file, in pieces; see `safetensorsPieces`.
 *
 * @param metadata keys that sort after `checksum`
 */
export function sealedPieces(
  tensors: Iterable<readonly [string, TensorEntry]>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array[] {
  const pieces = safetensorsPieces(tensors, { checksum: ZEROS, ...metadata })
  pieces[0]!.set(Buffer.from(sha256(pieces), 'latin1'), CHECKSUM_AT)
  return pieces
}

/** Returns the checksum of a sealed file produced by {@link sealedPieces}. */
export function sealOf(pieces: readonly Uint8Array[]): string {
  return Buffer.from(pieces[0]!.subarray(CHECKSUM_AT, CHECKSUM_AT + ZEROS.length)).toString('latin1')
}

/** Returns the checksum that a sealed file carries, unverified; null for any other file. */
export function carriedSeal(file: string): string | null {
  const start = Buffer.alloc(CHECKSUM_AT + ZEROS.length)
  const fd = openRegular(file)
  try {
    fs.readSync(fd, start, 0, start.length, 0)
  } finally {
    fs.closeSync(fd)
  }
  return isSealed(start) ? start.toString('latin1', CHECKSUM_AT) : null
}

/** Returns whether a file starts as a sealed file does. */
export function isSealed(bytes: Buffer): boolean {
  return bytes.toString('latin1', 8, CHECKSUM_AT) === BEFORE_CHECKSUM
}

/** Verifies a sealed file and returns its checksum. @throws UserError when it was modified or is not sealed. */
export function checkSeal(bytes: Buffer, file: string): string {
  const after = CHECKSUM_AT + ZEROS.length
  if (!isSealed(bytes)) throw notSealed(file)
  const expected = bytes.toString('latin1', CHECKSUM_AT, after)
  const found = sha256([bytes.subarray(0, CHECKSUM_AT), Buffer.from(ZEROS), bytes.subarray(after)])
  return matching(file, expected, found)
}

function notSealed(file: string): UserError {
  return new UserError({ where: file, expected: 'a checkpoint of Recurlab', found: 'something else' })
}

function matching(file: string, checksum: string, sum: string): string {
  if (checksum === sum) return sum
  const [expected, found] = differingHashes(checksum, sum)
  throw new UserError({
    where: file,
    expected: `SHA-256 ${expected}`,
    found,
    todo: 'The file is damaged or was changed: copy it again, or make it again.',
  })
}

/** The seal of a file that is read piece by piece. */
export interface SealInProgress {
  /** Checksum that the file carries. */
  readonly carried: string
  /** Adds the bytes that follow. */
  update(bytes: Uint8Array): void
  /** @throws UserError when the bytes are not those that were sealed. */
  check(): void
}

/**
 * Begins to verify a sealed file.
 *
 * @param head beginning of the file, which holds the checksum
 * @throws UserError when the file is not sealed.
 */
export function beginSeal(head: Buffer, file: string): SealInProgress {
  const after = CHECKSUM_AT + ZEROS.length
  if (!isSealed(head) || head.length < after) throw notSealed(file)
  const carried = head.toString('latin1', CHECKSUM_AT, after)
  const hash = createHash('sha256').update(head.subarray(0, CHECKSUM_AT)).update(ZEROS).update(head.subarray(after))
  return {
    carried,
    update: (bytes) => void hash.update(bytes),
    check: () => void matching(file, carried, hash.digest('hex')),
  }
}
