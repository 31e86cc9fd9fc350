/** Names that objects inherit or that programs look up, and names that look like others. */
export const hostileKeys: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'toLocaleString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  '__defineGetter__',
  '__lookupSetter__',
  'then',
  'toJSON',
  'length',
  'name',
  'caller',
  'arguments',
  '__proto__.polluted',
  'constructor.prototype.polluted',
  'constructor=1',
  '',
  ' ',
  '\t',
  'a b',
  'a\nb',
  'k'.repeat(5000),
  'ｔａｓｋ',
  't\u0430sk',
  'task\u200b',
  'seed\u202e',
  'lr\0',
  '\ud83d',
  '0',
  '-1',
  'NaN',
  'null',
  'undefined',
]

const GUARDED: readonly object[] = [Object, Array, Function, Map, String, Number, RegExp, Promise].map(
  ({ prototype }) => prototype,
)
const before = GUARDED.map(shapeOf)

function shapeOf(object: object): string {
  return Reflect.ownKeys(object)
    .map((key) => `${String(key)}:${typeof Object.getOwnPropertyDescriptor(object, key)!.value}`)
    .join()
}

/** Returns the prototypes that differ from what they were when the tests began. */
export function changedPrototypes(): string[] {
  return GUARDED.flatMap((object, i) => (shapeOf(object) === before[i] ? [] : [object.constructor.name]))
}
