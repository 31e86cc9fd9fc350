import { crc32 } from 'node:zlib'
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl'
import { UserError } from '../../errors.js'
import { unreadable } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import { openRegular } from '../../files/regular.js'

/** One uncompressed file inside the archive. */
export interface ZipMember {
  readonly name: string
  /** Offset of its first byte in the archive. */
  readonly start: number
  readonly size: number
  readonly crc: number
}

/** An open archive as written by `torch.save`. */
export interface TorchZip {
  readonly file: string
  /** Members by name without their common folder, e.g. `data.pkl`, `data/0`. */
  readonly members: ReadonlyMap<string, ZipMember>
  /** Fills `into` with the bytes of a member from `offset` on. @throws UserError when they cannot be read. */
  read(member: ZipMember, into: Uint8Array, offset: number): void
  /** Verifies a member's CRC-32. @throws UserError when it is damaged. */
  verify(member: ZipMember): void
  close(): void
}

/** Maximum number of files in an archive; a checkpoint has one per tensor. */
const MAX_MEMBERS = 100_000
/** Maximum length of a file name. */
const MAX_NAME = 1024
/** Bytes per read during verification. */
const CHUNK = 2 ** 22

/**
 * Opens an archive and lists its members: sizes, offsets and names are checked before anything else is read. Members
 * must be uncompressed, as PyTorch writes them, so that the content is never larger than the archive.
 *
 * @throws UserError when it is not a zip archive, is damaged, compressed or encrypted, or has names that are duplicate
 * or leave their folder.
 */
export async function openTorchZip(file: string): Promise<TorchZip> {
  const fd = openRegular(file)
  try {
    const size = fs.fstatSync(fd).size
    const archive = await attempt(file, fromRandomAccessReaderPromise(new FileReader(fd), size, ZIP_OPTIONS))
    const members = withoutFolder(await listMembers(file, archive, size), file)
    return {
      file,
      members,
      read: (member, into, offset) => readFully(file, fd, into, member.start + offset),
      verify: (member) => verify(file, fd, member),
      close: () => fs.closeSync(fd),
    }
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
}

const ZIP_OPTIONS = { autoClose: false, strictFileNames: true }

/** Reads through {@link fs}; a read outside the file is reported as a damaged archive. */
class FileReader extends RandomAccessReader {
  readonly #fd: number

  constructor(fd: number) {
    super()
    this.#fd = fd
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    let done = 0
    let problem: Error | null = null
    try {
      if (Number.isSafeInteger(position)) done = fs.readSync(this.#fd, buffer, offset, length, position)
    } catch (error) {
      problem = error as Error
    }
    setImmediate(() => callback(problem, done))
  }
}

async function listMembers(file: string, archive: ZipFile, size: number): Promise<ZipMember[]> {
  if (!(archive.entryCount <= MAX_MEMBERS))
    throw refused(file, `at most ${MAX_MEMBERS} files in the archive`, `${archive.entryCount}`)
  const members: ZipMember[] = []
  const names = new Set<string>()
  const entries = archive.eachEntry()
  for (;;) {
    const next = await attempt(file, entries.next())
    if (next.done) break
    const entry = next.value
    const name = entry.fileName
    checkEntry(file, entry)
    if (names.has(name)) throw refused(file, 'every name in the archive once', `${printable(name)} twice`)
    names.add(name)
    const { fileDataStart } = await attempt(file, archive.readLocalFileHeaderPromise(entry, { minimal: true }))
    members.push({ name, start: fileDataStart, size: entry.uncompressedSize, crc: entry.crc32 })
  }
  checkPlaces(file, members, size)
  return members
}

function checkEntry(file: string, entry: Entry): void {
  const where = `${file}, ${printable(entry.fileName)}`
  if (entry.fileNameLength > MAX_NAME)
    throw refused(file, `names of at most ${MAX_NAME} bytes`, `one of ${entry.fileNameLength}`)
  if (entry.isEncrypted()) throw refused(where, 'an archive without encryption', 'an encrypted file')
  if (entry.compressionMethod !== 0)
    throw refused(where, 'a file stored without compression, as torch.save does', `method ${entry.compressionMethod}`)
}

/** Rejects members that share bytes or lie outside the file: they make a small archive pass for a large one. */
function checkPlaces(file: string, members: readonly ZipMember[], size: number): void {
  let end = 0
  for (const { name, start, size: length } of [...members].sort((a, b) => a.start - b.start)) {
    const where = `${file}, ${printable(name)}`
    if (start < end) throw refused(where, `bytes from ${end} on`, `an overlap: it begins at ${start}`)
    end = start + length
    if (end > size) throw refused(where, `an archive of at least ${end} bytes`, `${size}: the file is cut off`)
  }
}

/** Strips the single folder, named after the file, that PyTorch puts everything into. */
function withoutFolder(members: readonly ZipMember[], file: string): ReadonlyMap<string, ZipMember> {
  const pickles = members.filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name))
  const [pickle] = pickles
  if (pickle === undefined || pickles.length > 1)
    throw refused(file, 'one FOLDER/data.pkl in the archive, as torch.save writes it', `${pickles.length} of them`)
  const folder = pickle.name.slice(0, -'data.pkl'.length)
  const found = new Map<string, ZipMember>()
  for (const member of members) {
    if (!member.name.startsWith(folder)) throw refused(file, `all files in ${folder}`, printable(member.name))
    found.set(member.name.slice(folder.length), member)
  }
  if (found.has('constants.pkl'))
    throw refused(file, 'a state dict saved with torch.save', 'a TorchScript program (constants.pkl)')
  return found
}

function readFully(file: string, fd: number, into: Uint8Array, position: number): void {
  for (let done = 0; done < into.length; ) {
    let got: number
    try {
      got = fs.readSync(fd, into, done, Math.min(2 ** 30, into.length - done), position + done)
    } catch (error) {
      throw unreadable(file, error)
    }
    if (got === 0) throw refused(file, 'a file of constant length', 'one that shrank while it was read')
    done += got
  }
}

function verify(file: string, fd: number, member: ZipMember): void {
  // PyTorch can omit the checksums; they are then 0.
  if (member.crc === 0) return
  const chunk = new Uint8Array(Math.min(CHUNK, member.size))
  let crc = 0
  for (let at = 0; at < member.size; at += chunk.length) {
    const piece = chunk.subarray(0, Math.min(chunk.length, member.size - at))
    readFully(file, fd, piece, member.start + at)
    crc = crc32(piece, crc)
  }
  if (crc !== member.crc)
    throw refused(`${file}, ${printable(member.name)}`, `CRC-32 ${hex(member.crc)}`, `${hex(crc)}: it is damaged`)
}

/** Converts the errors of the zip library to UserErrors. */
async function attempt<T>(file: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw refused(file, 'a zip archive as torch.save writes it', printable((error as Error).message))
  }
}

function refused(where: string, expected: string, found: string): UserError {
  return new UserError({ where, expected, found, todo: 'Copy the file again, or save it again with torch.save.' })
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}

function printable(text: string): string {
  return JSON.stringify(text.slice(0, 200)).slice(1, -1)
}
