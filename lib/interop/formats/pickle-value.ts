/** The values that a pickle may hold here: plain data, and the few objects that its reader was told to make. */
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

/** A Python dict or `collections.OrderedDict`, in its order. Keys other than text and numbers are told apart by identity. */
export class PickleDict extends Map<PickleValue, PickleValue> {
  /** Whether it was made as `collections.OrderedDict`, which alone may carry a state of its own. */
  readonly ordered: boolean

  constructor(ordered: boolean) {
    super()
    this.ordered = ordered
  }
}

/** The meaning of a whitelisted name, and the result of calling it or a persistent id. */
export abstract class PickleObject {
  /** In words, for messages. */
  abstract describe(): string
}

/** A whitelisted name that may be called. */
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

/** A value that is of no use here but harmless: only what it was is kept. */
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

/** Makes the error for what stands at the present place. */
export type PickleFail = (expected: string, found: string) => Error

/** Whether Python can take a value for a key: whatever cannot change. */
export function isHashable(value: PickleValue): boolean {
  if (value instanceof PickleDict || value instanceof PickleList) return false
  return Array.isArray(value)
    ? value.every(isHashable)
    : !(value instanceof PickleObject) || value instanceof PickleOther
}

/** A value in words, short and printable. */
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
