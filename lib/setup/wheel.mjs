import { closeSync, createReadStream, createWriteStream, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'

const END_OF_DIRECTORY = Buffer.from([0x50, 0x4b, 5, 6])
const DIRECTORY_ENTRY = 0x02014b50

/**
 * Unpacks part of a wheel (a ZIP file below 4 GB), without `unzip`.
 *
 * @param {string} wheel the file, whose checksum pip has verified
 * @param {string} folder the folder to unpack into
 * @param {(name: string) => string | null} placeOf returns the path of an entry inside `folder`; null leaves it out
 * @returns {Promise<number>} the number of files that were written
 */
export async function unpackWheel(wheel, folder, placeOf) {
  const fd = openSync(wheel, 'r')
  let written = 0
  try {
    for (const entry of readDirectory(fd)) {
      const place = placeOf(entry.name)
      if (place === null || entry.name.endsWith('/')) continue
      const target = path.resolve(folder, place)
      if (!target.startsWith(path.resolve(folder) + path.sep))
        throw new Error(`${wheel}: ${entry.name} points outside the folder`)
      mkdirSync(path.dirname(target), { recursive: true })
      await unpackEntry(wheel, fd, entry, target)
      written++
    }
  } finally {
    closeSync(fd)
  }
  return written
}

/** @param {string} wheel @param {number} fd @param {Entry} entry @param {string} target */
async function unpackEntry(wheel, fd, entry, target) {
  const out = createWriteStream(target)
  if (entry.size === 0) {
    await new Promise((resolve) => out.end(resolve))
    return
  }
  const header = readAt(fd, entry.offset, 30)
  const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  const packed = createReadStream(wheel, { start, end: start + entry.packedSize - 1, highWaterMark: 1 << 20 })
  if (entry.method === 0) await pipeline(packed, out)
  else await pipeline(packed, createInflateRaw({ chunkSize: 1 << 20 }), out)
}

/** @typedef {{ name: string, method: number, packedSize: number, size: number, offset: number }} Entry */

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
      method: directory.readUInt16LE(at + 10),
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
  const bytes = Buffer.alloc(length)
  if (readSync(fd, bytes, 0, length, position) !== length) throw new Error('the wheel is truncated')
  return bytes
}
