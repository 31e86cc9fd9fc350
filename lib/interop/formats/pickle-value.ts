/** Values that a pickle may hold here: plain data, and the few objects that the reader can construct. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleObject

/** A Python tuple. */
export type PickleTuple = readonly PickleValue[]

/** A Python list. */
export class PickleList {
  readonly items: PickleValue[] = []
}

/**
 * A Python dict or `collections.OrderedDict`, in insertion order. Keys other than strings and numbers are compared by
 * identity.
 */
export class PickleDict extends Map<PickleValue, PickleValue> {
  /** True for a `collections.OrderedDict`, the only one that may carry state. */
  readonly ordered: boolean

  constructor(ordered: boolean) {
    super()
    this.ordered = ordered
  }
}

/** The value of a whitelisted name, or the result of calling it or of resolving a persistent id. */
export abstract class PickleObject {
  /** Describes the object in words, for messages. */
  abstract describe(): string
}

/** A callable whitelisted name. */
export class PickleFunction extends PickleObject {
  readonly name: string
  readonly call: (args: PickleTuple, fail: PickleFail) => PickleValue

  constructor(name: string, call: (args: PickleTuple, fail: PickleFail) => PickleValue) {
    super()
    this.name = name
    this.call = call
  }

  override describe(): string {
    return `the function ${this.name}`
  }
}

/** A harmless value without a use here, of which only a description is kept. */
export class PickleOther extends PickleObject {
  readonly description: string

  constructor(description: string) {
    super()
    this.description = description
  }

  override describe(): string {
    return this.description
  }
}

/** Creates the error for the current position. */
export type PickleFail = (expected: string, found: string) => Error

/** Returns whether Python accepts a value as a key, i.e. whether it is immutable. */
export function isHashable(value: PickleValue): boolean {
  const seen = new Set<PickleValue>([value])
  // A set grows while it is walked: a tuple is looked at once, however often other tuples refer to it.
  for (const each of seen) {
    if (each instanceof PickleDict || each instanceof PickleList) return false
    if (Array.isArray(each)) for (const item of each as PickleTuple) seen.add(item)
    else if (each instanceof PickleObject && !(each instanceof PickleOther)) return false
  }
  return true
}

/** Returns the values that a container holds, keys included; none for other values. */
export function itemsOf(value: PickleValue): readonly PickleValue[] {
  if (value instanceof PickleList) return value.items
  if (value instanceof PickleDict) return [...value].flat()
  return Array.isArray(value) ? value : []
}

/** Describes a value in words, short and printable. */
export function describeValue(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'None'
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value instanceof PickleDict) return `a dictionary of ${value.size}`
  if (value instanceof PickleList) return `a list of ${value.items.length}`
  return value instanceof PickleObject ? value.describe() : `a tuple of ${value.length}`
}
