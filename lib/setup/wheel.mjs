import { closeSync, createReadStream, createWriteStream, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32, createInflateRaw } from 'node:zlib'

const END_OF_DIRECTORY = Buffer.from([0x50, 0x4b, 5, 6])
const DIRECTORY_ENTRY = 0x02014b50

/** Folders of an entry, one in another, at most: Node cannot remove folders that are thousands deep. */
const DEEPEST = 64

/**
 * Unpacks part of a wheel (a ZIP file below 4 GB), without `unzip`.
 *
 * @param {string} wheel the file, whose checksum pip has verified
 * @param {string} folder the folder to unpack into
 * @param {(name: string) => string | null} placeOf returns the path of an entry inside `folder`; null leaves it out
 * @returns {Promise<number>} the number of files that were written
 * @throws {Error} for an entry that leads outside the folder or lies very deep, comes twice, is encrypted, or has other bytes than the directory says
 */
export async function unpackWheel(wheel, folder, placeOf) {
  const fd = openSync(wheel, 'r')
  /** @type {Set<string>} */
  const targets = new Set()
  try {
    for (const entry of readDirectory(fd)) {
      const place = placeOf(entry.name)
      if (place === null || entry.name.endsWith('/')) continue
      const target = path.resolve(folder, place)
      if (!target.startsWith(path.resolve(folder) + path.sep) || target.includes('\0'))
        throw new Error(`${wheel}: ${entry.name} points outside the folder`)
      if (place.split('/').length > DEEPEST)
        throw new Error(`${wheel}: ${entry.name.slice(0, 60)}… is more than ${DEEPEST} folders deep`)
      if (targets.has(target)) throw new Error(`${wheel}: ${entry.name} comes twice`)
      targets.add(target)
      mkdirSync(path.dirname(target), { recursive: true })
      await unpackEntry(wheel, fd, entry, target)
    }
  } finally {
    closeSync(fd)
  }
  return targets.size
}

/** @param {string} wheel @param {number} fd @param {Entry} entry @param {string} target */
async function unpackEntry(wheel, fd, entry, target) {
  if (entry.flags & 1) throw new Error(`${wheel}: ${entry.name} is encrypted`)
  if (entry.method !== 0 && entry.method !== 8)
    throw new Error(`${wheel}: ${entry.name} is packed by method ${entry.method}`)
  // Never through something that is there already.
  const out = createWriteStream(target, { flags: 'wx' })
  if (entry.size === 0) {
    await new Promise((resolve, reject) => out.once('error', reject).end(resolve))
    return
  }
  const header = readAt(fd, entry.offset, 30)
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  const packed = createReadStream(wheel, { start, end: start + entry.packedSize - 1, highWaterMark: 1 << 20 })
  const check = checking(`${wheel}: ${entry.name}`, entry)
  if (entry.method === 0) await pipeline(packed, check, out)
  else await pipeline(packed, createInflateRaw({ chunkSize: 1 << 20 }), check, out)
}

/**
 * Passes bytes on while they are no more than an entry has, and checks them at the end.
 *
 * @param {string} where
 * @param {Entry} entry
 */
function checking(where, { size, crc }) {
  let bytes = 0
  let sum = 0
  return new Transform({
    transform(piece, _, done) {
      bytes += piece.length
      sum = crc32(piece, sum)
      if (bytes > size) done(new Error(`${where} has more than the ${size} bytes that it names`))
      else done(null, piece)
    },
    flush(done) {
      if (bytes < size) done(new Error(`${where} has ${bytes} bytes, not ${size}`))
      else done(sum === crc ? null : new Error(`${where} has another checksum`))
    },
  })
}

/** @typedef {{ name: string, flags: number, method: number, crc: number, packedSize: number, size: number, offset: number }} Entry */

/** @param {number} fd @returns {Entry[]} */
function readDirectory(fd) {
  const { size } = fstatSync(fd)
  const tailLength = Math.min(size, 65557)
  const tail = readAt(fd, size - tailLength, tailLength)
  const end = tail.lastIndexOf(END_OF_DIRECTORY)
  if (end < 0) throw new Error('not a wheel: no ZIP directory at its end')
  const directory = readAt(fd, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12))
  const entries = []
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === DIRECTORY_ENTRY; ) {
    const nameLength = directory.readUInt16LE(at + 28)
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameLength),
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      crc: directory.readUInt32LE(at + 16),
      packedSize: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
    })
    at += 46 + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

/** @param {number} fd @param {number} position @param {number} length */
function readAt(fd, position, length) {
  // Checked first: a length out of a damaged directory must not be allocated.
  if (position < 0 || position + length > fstatSync(fd).size) throw new Error('the wheel is truncated')
  const bytes = Buffer.alloc(length)
  if (readSync(fd, bytes, 0, length, position) !== length) throw new Error('the wheel is truncated')
  return bytes
}
