import { UserError } from '../../errors.js'
import { isHostileKey } from '../../files/json-keys.js'
import { describeOpcode } from './pickle-opcodes.js'
import { plainGlobals } from './pickle-plain.js'
import {
  describeValue,
  isHashable,
  itemsOf,
  PickleDict,
  type PickleFail,
  PickleFunction,
  PickleList,
  type PickleObject,
  type PickleTuple,
  type PickleValue,
} from './pickle-value.js'

/** Names and persistent ids that a pickle may use beside plain data. */
export interface PickleDomain {
  /** Whitelisted names (`module.name`) and their values; {@link plainGlobals} are always included. */
  readonly globals: ReadonlyMap<string, PickleObject>
  /** Resolves a persistent id. `fail` creates the error that rejects it. */
  persistent(id: PickleValue, fail: PickleFail): PickleValue
}

/** Maximum number of values, memo entries and stack slots of one pickle. */
const MAX_VALUES = 2_000_000
/** Maximum length of a string, in bytes: keys and storage names are short. */
const MAX_STRING = 65_536
/** Maximum length of an integer, in bytes. */
const MAX_LONG = 16
/** Maximum nesting of lists, tuples and dictionaries. */
const MAX_DEPTH = 64

const LEAF = { size: 1, height: 1 }

const STOP = 0x2e
const PROTO = 0x80
const REMEDY = 'Nothing in it was executed. Only tensors in plain dictionaries are read: convert it where you trust it.'

/**
 * Reads a pickle of plain data: dictionaries, lists, tuples, strings, numbers, the names of {@link plainGlobals}, and
 * the names of `domain`. This is a restricted reader, not an interpreter of Python: opcodes and names outside the
 * whitelist are rejected, and nothing is looked up, imported or called. Sizes are bounded; references are not expanded while
 * it is read, and a value that contains itself, or would be too large if they were, is rejected: whoever walks the result ends.
 *
 * @param where the file, for errors
 * @throws UserError naming the byte offset, and the opcode or name that was rejected.
 */
export function readPickle(bytes: Uint8Array, domain: PickleDomain, where: string): PickleValue {
  return new PickleReader(bytes, domain, where).read()
}

class PickleReader {
  /** The supported opcodes; STOP ends the reading. */
  static readonly #OPCODES: ReadonlyMap<string, (self: PickleReader) => void> = new Map([
    ['\x80', (self) => self.#protocol()],
    ['\x95', (self) => self.#frame()],
    ['(', (self) => self.#mark()],
    ['N', (self) => self.#push(null)],
    ['\x88', (self) => self.#push(true)],
    ['\x89', (self) => self.#push(false)],
    ['J', (self) => self.#push(self.#take(4).readInt32LE())],
    ['K', (self) => self.#push(self.#take(1).readUInt8())],
    ['M', (self) => self.#push(self.#take(2).readUInt16LE())],
    ['\x8a', (self) => self.#push(self.#long(self.#take(1).readUInt8()))],
    ['\x8b', (self) => self.#push(self.#long(self.#take(4).readInt32LE()))],
    ['G', (self) => self.#push(self.#take(8).readDoubleBE())],
    ['\x8c', (self) => self.#push(self.#string(self.#take(1).readUInt8()))],
    ['X', (self) => self.#push(self.#string(self.#take(4).readUInt32LE()))],
    ['\x8d', (self) => self.#push(self.#string(Number(self.#take(8).readBigUInt64LE())))],
    [')', (self) => self.#push([])],
    ['\x85', (self) => self.#tuple(self.#popMany(1))],
    ['\x86', (self) => self.#tuple(self.#popMany(2))],
    ['\x87', (self) => self.#tuple(self.#popMany(3))],
    ['t', (self) => self.#tuple(self.#popToMark())],
    [']', (self) => self.#push(new PickleList())],
    ['a', (self) => self.#append(self.#popMany(1))],
    ['e', (self) => self.#append(self.#popToMark())],
    ['}', (self) => self.#push(new PickleDict(false))],
    ['s', (self) => self.#setItems(self.#popMany(2))],
    ['u', (self) => self.#setItems(self.#popToMark())],
    ['q', (self) => self.#memoize(self.#take(1).readUInt8())],
    ['r', (self) => self.#memoize(self.#take(4).readUInt32LE())],
    ['\x94', (self) => self.#memoize(self.#memo.size)],
    ['h', (self) => self.#recall(self.#take(1).readUInt8())],
    ['j', (self) => self.#recall(self.#take(4).readUInt32LE())],
    ['c', (self) => self.#global(self.#line(), self.#line())],
    ['\x93', (self) => self.#stackGlobal()],
    ['Q', (self) => self.#persistentId()],
    ['R', (self) => self.#reduce()],
    ['b', (self) => self.#build()],
  ])

  readonly #bytes: Buffer
  readonly #domain: PickleDomain
  readonly #where: string
  #at = 0
  /** Offset of the current opcode. */
  #opcodeAt = 0
  #stack: PickleValue[] = []
  /** Stacks set aside by MARK. */
  readonly #marked: PickleValue[][] = []
  readonly #memo = new Map<number, PickleValue>()
  #values = 0

  constructor(bytes: Uint8Array, domain: PickleDomain, where: string) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#domain = domain
    this.#where = where
  }

  read(): PickleValue {
    for (;;) {
      this.#opcodeAt = this.#at
      const code = this.#take(1, 'an opcode STOP at its end').readUInt8()
      if (code === STOP) return this.#stop()
      if (this.#opcodeAt === 0 && code !== PROTO) throw this.#fail('opcode PROTO first', describeOpcode(code))
      const obey = PickleReader.#OPCODES.get(String.fromCharCode(code))
      if (!obey) throw this.#fail('tensors, dictionaries, lists, strings and numbers only', describeOpcode(code))
      obey(this)
    }
  }

  #stop(): PickleValue {
    const value = this.#pop()
    if (this.#stack.length + this.#marked.length > 0) throw this.#fail('one value at STOP', 'more on the stack')
    const left = this.#bytes.length - this.#at
    if (left > 0) throw this.#fail('the end after STOP', `${left} more bytes`)
    this.#checkTree(value)
    return value
  }

  #protocol(): void {
    const version = this.#take(1).readUInt8()
    if (this.#opcodeAt !== 0) throw this.#fail('opcode PROTO at the beginning only', 'another')
    if (version < 2 || version > 5) throw this.#fail('protocol 2 to 5', `protocol ${version}`)
  }

  /** Skips a frame length: the opcodes determine their own ends. */
  #frame(): void {
    const length = this.#take(8).readBigUInt64LE()
    const left = this.#bytes.length - this.#at
    if (length > BigInt(left)) throw this.#fail(`a frame of at most the ${left} bytes left`, `one of ${length}`)
  }

  #mark(): void {
    this.#marked.push(this.#stack)
    this.#stack = []
    this.#count()
  }

  #long(length: number): number | bigint {
    if (length < 0 || length > MAX_LONG) throw this.#fail(`a number of at most ${MAX_LONG} bytes`, `one of ${length}`)
    if (length === 0) return 0
    const digits = Buffer.from(this.#take(length)).reverse().toString('hex')
    const value = BigInt.asIntN(8 * length, BigInt(`0x${digits}`))
    return BigInt(Number.MIN_SAFE_INTEGER) <= value && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
  }

  #string(length: number): string {
    if (length > MAX_STRING) throw this.#fail(`a string of at most ${MAX_STRING} bytes`, `one of ${length}`)
    return this.#decode(this.#take(length))
  }

  #decode(bytes: Uint8Array): string {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      throw this.#fail('a string in UTF-8', 'invalid bytes')
    }
  }

  /** Reads the argument of GLOBAL: text up to the end of the line. */
  #line(): string {
    const end = this.#bytes.subarray(this.#at, this.#at + MAX_STRING).indexOf(0x0a)
    if (end < 0) throw this.#fail('a line of text', `no line end in ${this.#bytes.length - this.#at} bytes`)
    const text = this.#decode(this.#take(end))
    this.#at++
    return text
  }

  #tuple(items: PickleValue[]): void {
    this.#push(items)
  }

  #append(items: PickleValue[]): void {
    const list = this.#top()
    if (!(list instanceof PickleList)) throw this.#fail('a list to append to', describeValue(list))
    for (const item of items) list.items.push(item)
  }

  #setItems(items: PickleValue[]): void {
    const dict = this.#top()
    if (!(dict instanceof PickleDict)) throw this.#fail('a dictionary to put items into', describeValue(dict))
    if (items.length % 2 === 1) throw this.#fail('keys with values', 'a key without one')
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i]!
      if (!isHashable(key)) throw this.#fail('keys that are text, numbers or tuples of them', describeValue(key))
      if (typeof key === 'string' && isHostileKey(key)) throw this.#fail('keys that are plain words', key)
      if (dict.has(key)) throw this.#fail('every key once', `${describeValue(key)} twice`)
      dict.set(key, items[i + 1]!)
    }
  }

  #memoize(index: number): void {
    if (this.#memo.has(index)) throw this.#fail('every memo entry once', `entry ${index} twice`)
    this.#memo.set(index, this.#top())
  }

  #recall(index: number): void {
    const value = this.#memo.get(index)
    if (value === undefined) throw this.#fail(`memo entry ${index}`, 'no such entry')
    this.#push(value)
  }

  #stackGlobal(): void {
    const [module, name] = this.#popMany(2)
    if (typeof module !== 'string' || typeof name !== 'string')
      throw this.#fail('a name as two strings', `${describeValue(module)} and ${describeValue(name)}`)
    this.#global(module, name)
  }

  #global(module: string, name: string): void {
    const full = `${module}.${name}`
    const known = plainGlobals.get(full) ?? this.#domain.globals.get(full)
    if (!known) throw this.#fail('names of tensors and dictionaries only', `the name ${printable(full)}`)
    this.#push(known)
  }

  #persistentId(): void {
    this.#push(this.#domain.persistent(this.#pop(), this.#fail))
  }

  #reduce(): void {
    const [callee, args] = this.#popMany(2)
    if (!(callee instanceof PickleFunction))
      throw this.#fail('a function that makes tensors or dictionaries', describeValue(callee))
    if (!Array.isArray(args)) throw this.#fail('arguments as a tuple', describeValue(args))
    this.#push(callee.call(args as PickleTuple, this.#fail))
  }

  /** `OrderedDict`s of weights carry `_metadata`, module versions that do not affect the weights. */
  #build(): void {
    const state = this.#pop()
    const target = this.#top()
    if (!(target instanceof PickleDict) || !target.ordered)
      throw this.#fail('opcode BUILD for an OrderedDict only', describeValue(target))
    if (!(state instanceof PickleDict) || state.size !== 1 || !state.has('_metadata'))
      throw this.#fail('a state with _metadata alone', describeValue(state))
  }

  /** Checks that a value is a tree of bounded depth, and of bounded size with every reference written out. */
  #checkTree(root: PickleValue): void {
    const known = new Map<PickleValue, { readonly size: number; readonly height: number }>()
    const open = new Set<PickleValue>()
    const measure = (value: PickleValue): { readonly size: number; readonly height: number } => {
      const items = itemsOf(value)
      const before = items.length === 0 ? LEAF : known.get(value)
      if (before) return before
      if (open.has(value))
        throw this.#fail('values that do not contain themselves', `${describeValue(value)} that does`)
      open.add(value)
      let [size, height] = [1, 1]
      if (open.size <= MAX_DEPTH)
        for (const item of items) {
          const inner = measure(item)
          size += inner.size
          height = Math.max(height, inner.height + 1)
        }
      if (open.size > MAX_DEPTH || height > MAX_DEPTH)
        throw this.#fail(`at most ${MAX_DEPTH} levels of nesting`, 'more')
      if (size > MAX_VALUES) throw this.#fail(`at most ${MAX_VALUES} values, with each reference written out`, 'more')
      open.delete(value)
      known.set(value, { size, height })
      return { size, height }
    }
    measure(root)
  }

  #push(value: PickleValue): void {
    this.#stack.push(value)
    this.#count()
  }

  #count(): void {
    if (++this.#values > MAX_VALUES) throw this.#fail(`at most ${MAX_VALUES} values`, 'more')
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1)
    if (value === undefined) throw this.#fail('a value on the stack', 'an empty one')
    return value
  }

  #pop(): PickleValue {
    const value = this.#top()
    this.#stack.pop()
    return value
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length < count)
      throw this.#fail(`${count} value${count === 1 ? '' : 's'} on the stack`, `${this.#stack.length}`)
    return this.#stack.splice(-count)
  }

  #popToMark(): PickleValue[] {
    const before = this.#marked.pop()
    if (!before) throw this.#fail('a MARK on the stack', 'none')
    const items = this.#stack
    this.#stack = before
    return items
  }

  #take(length: number, what = `${length} more bytes`): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw this.#fail(what, `the end of the pickle after ${this.#bytes.length} bytes`)
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  readonly #fail: PickleFail = (expected, found) =>
    new UserError({ where: `${this.#where}, byte ${this.#opcodeAt}`, expected, found, todo: REMEDY })
}

/** Makes a name safe for a message: at most 100 characters, none of them a control character. */
function printable(text: string): string {
  return JSON.stringify(text.slice(0, 100)).slice(1, -1)
}
