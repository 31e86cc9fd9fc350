import {
  describeValue,
  PickleDict,
  type PickleFail,
  PickleFunction,
  PickleList,
  type PickleObject,
  PickleOther,
  type PickleTuple,
  type PickleValue,
} from './pickle-value.js'

/**
 * Names of a type in Python 3 and Python 2, its expected arguments, and its constructor, which returns null to reject
 * them.
 */
const TYPES: readonly (readonly [names: string, expected: string, make: (args: PickleTuple) => PickleValue])[] = [
  [
    'collections.OrderedDict',
    'OrderedDict without arguments',
    (args) => (args.length === 0 ? new PickleDict(true) : null),
  ],
  [
    'collections.Counter',
    'a Counter of a dictionary',
    ([counts, ...more]) =>
      more.length === 0 && (counts === undefined || counts instanceof PickleDict)
        ? new PickleOther(`a Counter of ${counts?.size ?? 0}`)
        : null,
  ],
  [
    'builtins.set __builtin__.set',
    'a set of a list',
    ([items, ...more]) =>
      more.length === 0 && items instanceof PickleList ? new PickleOther(`a set of ${items.items.length}`) : null,
  ],
  [
    // Protocol 2, which torch.save writes, has no bytes type: it encodes them as text with the name of its encoding.
    '_codecs.encode',
    'bytes as text in latin1',
    ([text, encoding, ...more]) =>
      more.length === 0 && typeof text === 'string' && encoding === 'latin1'
        ? new PickleOther(`bytes of ${text.length}`)
        : null,
  ],
  [
    'builtins.bytes __builtin__.bytes',
    'empty bytes',
    (args) => (args.length === 0 ? new PickleOther('no bytes') : null),
  ],
  [
    // A number would be a length, which lets a small file allocate much memory.
    'builtins.bytearray __builtin__.bytearray',
    'a bytearray of text or bytes',
    (args) => (args.every((arg) => typeof arg === 'string' || arg instanceof PickleOther) ? BYTEARRAY : null),
  ],
  [
    'builtins.complex __builtin__.complex',
    'a complex number of two',
    (args) =>
      args.length === 2 && args.every((arg) => typeof arg === 'number')
        ? new PickleOther(`the complex number (${args.join(', ')})`)
        : null,
  ],
]

const BYTEARRAY = new PickleOther('a bytearray')

/**
 * Python built-ins that hold only plain data: those that `torch.load(…, weights_only=True)` allows, and `bytes` for an
 * empty value. Of their results, other than dictionaries, only a description is kept.
 */
export const plainGlobals: ReadonlyMap<string, PickleObject> = new Map<string, PickleObject>(
  TYPES.flatMap(([names, expected, make]) => {
    const call = (args: PickleTuple, fail: PickleFail): PickleValue => {
      const made = make(args)
      if (made === null) throw fail(expected, args.map(describeValue).join(', ') || 'no arguments')
      return made
    }
    return names.split(' ').map((name) => [name, new PickleFunction(name, call)] as const)
  }),
)
