/** First bytes of every frame written: the magic number, independent blocks of at most 4 MiB, no checksums, and the header's own. */
const HEADER = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73)
const BLOCK_BYTES = 2 ** 22
/** High bit of a block's size: the block is stored as it is. */
const STORED = 0x80000000

const LEAST_MATCH = 4
const FARTHEST = 65_535
/** A block's last bytes are literals, and its last match begins before them. */
const LAST_LITERALS = 5
const LAST_MATCH = 12
const HASH_BITS = 14

/**
 * Returns bytes as one LZ4 frame of independent blocks.
 *
 * Source: "LZ4 Frame Format Description" 1.6.3 and "LZ4 Block Format Description".
 */
export function lz4Compress(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES)
  const out = new Uint8Array(HEADER.length + bytes.length + blocks * 4 + 4 + 64 + Math.ceil(BLOCK_BYTES / 255))
  const view = new DataView(out.buffer)
  const places = new Int32Array(1 << HASH_BITS)
  out.set(HEADER)
  let at = HEADER.length
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const block = bytes.subarray(from, from + BLOCK_BYTES)
    const size = compressBlock(block, out, at + 4, places)
    if (size < block.length) view.setUint32(at, size, true)
    else {
      view.setUint32(at, (block.length | STORED) >>> 0, true)
      out.set(block, at + 4)
    }
    at += 4 + Math.min(size, block.length)
  }
  return out.slice(0, at + 4)
}

/**
 * Compresses a block at a place of `out` and returns its size. Compression stops once it would not be shorter than the block;
 * the size is then at least the block's.
 */
function compressBlock(block: Uint8Array, out: Uint8Array, start: number, places: Int32Array): number {
  places.fill(-1)
  const { length } = block
  let at = start
  let literals = 0
  let i = 0
  let misses = 0
  while (i <= length - LAST_MATCH) {
    const word = block[i]! | (block[i + 1]! << 8) | (block[i + 2]! << 16) | (block[i + 3]! << 24)
    const slot = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS)
    let match = places[slot]!
    places[slot] = i
    if (
      match < 0 ||
      i - match > FARTHEST ||
      block[match] !== block[i] ||
      block[match + 1] !== block[i + 1] ||
      block[match + 2] !== block[i + 2] ||
      block[match + 3] !== block[i + 3]
    ) {
      // Bytes that hardly repeat are passed in growing strides.
      i += 1 + (misses++ >> 6)
      continue
    }
    misses = 0
    while (i > literals && match > 0 && block[i - 1] === block[match - 1]) {
      i--
      match--
    }
    let end = i + LEAST_MATCH
    for (let other = match + LEAST_MATCH; end < length - LAST_LITERALS && block[end] === block[other]; other++) end++
    const [run, more] = [i - literals, end - i - LEAST_MATCH]
    if (at - start + run >= length) return length
    const token = at++
    out[token] = (Math.min(run, 15) << 4) | Math.min(more, 15)
    if (run >= 15) at = writeLength(out, at, run - 15)
    for (let j = literals; j < i; j++) out[at++] = block[j]!
    out[at++] = (i - match) & 0xff
    out[at++] = (i - match) >> 8
    if (more >= 15) at = writeLength(out, at, more - 15)
    i = end
    literals = end
  }
  const run = length - literals
  if (at - start + run >= length) return length
  out[at++] = Math.min(run, 15) << 4
  if (run >= 15) at = writeLength(out, at, run - 15)
  out.set(block.subarray(literals), at)
  return at + run - start
}

function writeLength(out: Uint8Array, start: number, length: number): number {
  let at = start
  let rest = length
  for (; rest >= 255; rest -= 255) out[at++] = 255
  out[at++] = rest
  return at
}

/**
 * Returns the content of an LZ4 frame; checksums inside the frame are not verified.
 *
 * @param bytes one frame
 * @param expected the content's length, where it is known; the output then needs no copy
 * @throws RangeError for bytes that are not a complete frame.
 */
export function lz4Decompress(bytes: Uint8Array, expected?: number): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 7 || view.getUint32(0, true) !== 0x184d2204) throw damaged()
  const flags = bytes[4]!
  const [hasBlockChecksums, hasSize, hasDictionary] = [(flags & 16) !== 0, (flags & 8) !== 0, (flags & 1) !== 0]
  let at = 7 + (hasSize ? 8 : 0) + (hasDictionary ? 4 : 0)
  let out = new Uint8Array(expected ?? Math.max(64, bytes.length * 4))
  let done = 0
  for (;;) {
    if (at + 4 > bytes.length) throw damaged()
    const mark = view.getUint32(at, true)
    at += 4
    if (mark === 0) return done === out.length ? out : out.slice(0, done)
    const size = mark & 0x7fffffff
    if (at + size > bytes.length) throw damaged()
    if (expected === undefined) {
      const least = done + Math.max(size, BLOCK_BYTES)
      if (out.length < least) {
        const larger = new Uint8Array(Math.max(least, out.length * 2))
        larger.set(out.subarray(0, done))
        out = larger
      }
    }
    if (mark & STORED) {
      if (done + size > out.length) throw damaged()
      out.set(bytes.subarray(at, at + size), done)
      done += size
    } else done = decompressBlock(bytes, at, at + size, out, done)
    at += size + (hasBlockChecksums ? 4 : 0)
  }
}

/** Decompresses a block to a place of `out` and returns the place after it. Matches may reach into earlier blocks. */
function decompressBlock(bytes: Uint8Array, from: number, end: number, out: Uint8Array, start: number): number {
  let at = from
  let done = start
  while (at < end) {
    const token = bytes[at++]!
    let run = token >> 4
    if (run === 15) {
      let more: number
      do {
        if (at >= end) throw damaged()
        more = bytes[at++]!
        run += more
      } while (more === 255)
    }
    if (at + run > end || done + run > out.length) throw damaged()
    if (run > 32) {
      out.set(bytes.subarray(at, at + run), done)
      at += run
      done += run
    } else for (let stop = at + run; at < stop; ) out[done++] = bytes[at++]!
    if (at === end) return done
    if (at + 2 > end) throw damaged()
    const offset = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    let length = (token & 15) + LEAST_MATCH
    if (length === 15 + LEAST_MATCH) {
      let more: number
      do {
        if (at >= end) throw damaged()
        more = bytes[at++]!
        length += more
      } while (more === 255)
    }
    if (offset === 0 || offset > done || done + length > out.length) throw damaged()
    if (offset >= length && length > 32) {
      out.copyWithin(done, done - offset, done - offset + length)
      done += length
    } else for (let stop = done + length, source = done - offset; done < stop; ) out[done++] = out[source++]!
  }
  throw damaged()
}

function damaged(): RangeError {
  return new RangeError('damaged LZ4 data')
}
