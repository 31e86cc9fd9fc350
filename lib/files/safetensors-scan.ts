import { UserError } from '../errors.js'
import { OpenFile } from './pieces.js'
import type { Dtype } from './safetensors-dtype.js'
import { type Header, MAX_HEADER, readHeader, type TensorPlace } from './safetensors-header.js'
import { beginSeal, isSealed } from './sealed.js'

/** The findings of a pass over a safetensors file. */
export interface SafetensorsScan extends Header {
  /** Verified checksum of a sealed file; null for any other. */
  readonly seal: string | null
  /** Name of the first tensor that holds NaN or infinity; null when all numbers are finite. */
  readonly notFinite: string | null
}

/**
 * Reads a safetensors file once, piece by piece: its header, its seal if it has one, and whether every number is finite.
 *
 * @param onBytes called with the number of bytes of every read
 * @throws UserError when it cannot be read, its header is damaged, or its seal is broken.
 */
export function scanSafetensors(file: string, onBytes?: (bytes: number) => void): SafetensorsScan {
  const open = new OpenFile(file, onBytes)
  try {
    const head = headOf(open)
    const seal = isSealed(head) ? beginSeal(head, file) : null
    const header = seal ? headerIfReadable(head, file, open.size) : readHeader(head, file, open.size)
    let notFinite: string | null = null
    for (const place of header?.tensors ?? []) {
      const hasFinite = finiteTest(place)
      for (const piece of open.pieces(header!.size + place.begin, header!.size + place.end)) {
        seal?.update(piece)
        if (notFinite === null && !hasFinite(piece)) notFinite = place.name
      }
    }
    if (!header) for (const piece of open.pieces(head.length)) seal?.update(piece)
    // A broken seal explains whatever else is wrong.
    seal?.check()
    return { ...(header ?? readHeader(head, file, open.size)), seal: seal?.carried ?? null, notFinite }
  } finally {
    open.close()
  }
}

/** Returns the beginning of a file up to the end of its header; all that there is when the header is longer than the file. */
function headOf(open: OpenFile): Buffer {
  const start = open.read(0, 8)
  const length = start.length < 8 ? 0 : Number(start.readBigUInt64LE(0))
  return length > MAX_HEADER ? open.read(0, 8 + 2 ** 16) : open.read(0, 8 + length)
}

function headerIfReadable(head: Buffer, file: string, size: number): Header | null {
  try {
    return readHeader(head, file, size)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

/** How NaN and infinity are recognised: by bits that are all set in every `every`-th word of a type, from `first` on. */
interface Exponent {
  readonly width: 2 | 4
  readonly bits: number
  readonly every?: number
  readonly first?: number
}

const EXPONENTS: { readonly [dtype in Dtype]?: Exponent } = {
  F64: { width: 4, bits: 0x7ff00000, every: 2, first: 1 },
  F32: { width: 4, bits: 0x7f800000 },
  BF16: { width: 2, bits: 0x7f80 },
  F16: { width: 2, bits: 0x7c00 },
}

/** Returns a test of bytes of a tensor: whether they hold neither NaN nor infinity. */
function finiteTest({ dtype }: TensorPlace): (bytes: Buffer) => boolean {
  const exponent = EXPONENTS[dtype]
  if (exponent === undefined) return () => true
  const { width, bits, every = 1, first = 0 } = exponent
  return (bytes) => {
    const length = Math.floor(bytes.length / width)
    const words =
      width === 4
        ? new Uint32Array(bytes.buffer, bytes.byteOffset, length)
        : new Uint16Array(bytes.buffer, bytes.byteOffset, length)
    for (let i = first; i < length; i += every) if ((words[i]! & bits) === bits) return false
    return true
  }
}
