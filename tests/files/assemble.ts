import { crc32 } from 'node:zlib'

/** Bytes out of opcodes, written as Latin-1 characters, and longer pieces. */
export function assemble(...pieces: (string | Uint8Array)[]): Buffer {
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)))
}

/** GLOBAL: a name of a module. */
export const global = (module: string, name: string): string => `c${module}\n${name}\n`

/** BINUNICODE. */
export const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8')
  return assemble('X', u32(bytes.length), bytes)
}

/** SHORT_BINUNICODE. */
export const short = (value: string): Buffer =>
  assemble('\x8c', Buffer.of(Buffer.byteLength(value)), Buffer.from(value))

/** BININT. */
export const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(5, 'J')
  bytes.writeInt32LE(value, 1)
  return bytes
}

export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

export const u64 = (value: bigint): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(value)
  return bytes
}

/** A tuple of whole numbers. */
export const ints = (...values: number[]): Buffer => assemble('(', ...values.map(int), 't')

/** How a tensor is pickled. Defaults: FloatStorage, no offset, row-major strides, a storage just as long. */
export interface TensorSpec {
  readonly key: string
  readonly shape: readonly number[]
  readonly type?: string
  readonly length?: number
  readonly offset?: number
  readonly strides?: readonly number[]
}

/** The opcodes of `_rebuild_tensor_v2(storage, offset, shape, strides, False, OrderedDict())`. */
export function tensor({ key, shape, type = 'FloatStorage', length, offset = 0, strides }: TensorSpec): Buffer {
  const size = shape.reduce((a, b) => a * b, 1)
  return assemble(
    global('torch._utils', '_rebuild_tensor_v2'),
    '(',
    storage(key, type, length ?? offset + size),
    int(offset),
    ints(...shape),
    ints(...(strides ?? rowMajor(shape))),
    '\x89',
    global('collections', 'OrderedDict'),
    ')R',
    'tR',
  )
}

/** The opcodes of a persistent id of a storage. */
export function storage(key: string, type: string, length: number): Buffer {
  return assemble('(', text('storage'), global('torch', type), text(key), text('cpu'), int(length), 'tQ')
}

/** A pickle of a dictionary, protocol 2. */
export function dictionary(items: readonly (readonly [string, Uint8Array])[]): Buffer {
  return assemble('\x80\x02}(', ...items.flatMap(([name, value]) => [text(name), value]), 'u.')
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1))
}

/** One file in an archive, and how it deviates from what it should be. */
export interface Member {
  readonly name: string
  readonly data: Uint8Array
  readonly method?: number
  readonly flags?: number
  readonly crc?: number
  /** Size said in the central directory. */
  readonly size?: number
  /** Place of the local header said in the central directory. */
  readonly at?: number
}

/** A zip archive without compression. `zip64` writes sizes and places as PyTorch does for large files. */
export function zip(members: readonly Member[], { zip64 = false, count = members.length } = {}): Buffer {
  const local: Buffer[] = []
  const central: Buffer[] = []
  let at = 0
  for (const { name, data, method = 0, flags = 0, crc = crc32(data), size = data.length, at: said } of members) {
    const bytes = Buffer.from(name, 'utf8')
    const head = Buffer.alloc(30)
    head.write('PK\x03\x04', 'latin1')
    head.writeUInt16LE(flags, 6)
    head.writeUInt16LE(method, 8)
    head.writeUInt32LE(crc, 14)
    head.writeUInt32LE(data.length, 18)
    head.writeUInt32LE(data.length, 22)
    head.writeUInt16LE(bytes.length, 26)
    local.push(head, bytes, Buffer.from(data))
    const entry = Buffer.alloc(46)
    entry.write('PK\x01\x02', 'latin1')
    entry.writeUInt16LE(flags, 8)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(crc, 16)
    entry.writeUInt32LE(zip64 ? 0xffffffff : size, 20)
    entry.writeUInt32LE(zip64 ? 0xffffffff : size, 24)
    entry.writeUInt16LE(bytes.length, 28)
    const extra = zip64
      ? assemble(Buffer.of(1, 0, 24, 0), u64(BigInt(size)), u64(BigInt(size)), u64(BigInt(said ?? at)))
      : ''
    entry.writeUInt16LE(extra.length, 30)
    entry.writeUInt32LE(zip64 ? 0xffffffff : (said ?? at), 42)
    central.push(assemble(entry, bytes, extra))
    at += head.length + bytes.length + data.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 'latin1')
  end.writeUInt16LE(zip64 ? 0xffff : count, 8)
  end.writeUInt16LE(zip64 ? 0xffff : count, 10)
  end.writeUInt32LE(zip64 ? 0xffffffff : directory.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : at, 16)
  const wide = zip64 ? [endOfZip64(count, directory.length, at), locator(at + directory.length)] : []
  return Buffer.concat([...local, directory, ...wide, end])
}

function endOfZip64(count: number, size: number, at: number): Buffer {
  const versions = Buffer.of(45, 0, 45, 0)
  const disks = Buffer.alloc(8)
  const counts = [u64(BigInt(count)), u64(BigInt(count)), u64(BigInt(size)), u64(BigInt(at))]
  return assemble('PK\x06\x06', u64(44n), versions, disks, ...counts)
}

function locator(at: number): Buffer {
  return assemble('PK\x06\x07', u32(0), u64(BigInt(at)), u32(1))
}

/** An archive as `torch.save` writes it: a pickle and its storages. */
export function torchFile(
  pickle: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>> = {},
  { folder = 'archive', byteorder = 'little' as string | null, zip64 = false } = {},
): Buffer {
  const members: Member[] = [{ name: `${folder}/data.pkl`, data: pickle }]
  if (byteorder !== null) members.push({ name: `${folder}/byteorder`, data: Buffer.from(byteorder) })
  for (const [key, data] of Object.entries(storages)) members.push({ name: `${folder}/data/${key}`, data })
  members.push({ name: `${folder}/version`, data: Buffer.from('3\n') })
  return zip(members, { zip64 })
}

/** The bytes of float32 numbers. */
export function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer)
}
