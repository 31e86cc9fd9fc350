import ts from 'typescript'

/**
 * Returns a part of TypeScript that its published types omit.
 *
 * @param owner the object that has the part
 * @param name of the part as a reader would write it, such as `ts.bindSourceFile`; its last word is the key in `owner`
 * @param use completes the sentence "the notebook kernel needs it to …"
 * @throws Error naming the part, if this version of TypeScript lacks it
 */
export function part<T>(owner: object, name: string, use: string): T {
  const value = (owner as Record<string, unknown>)[name.slice(name.lastIndexOf('.') + 1)]
  if (value === undefined) throw gone(name, use)
  return value as T
}

/** Returns the error of a part that this version of TypeScript does not have. */
function gone(name: string, use: string): Error {
  return new Error(
    `TypeScript ${ts.version} no longer has ${name}: the notebook kernel needs it to ${use} (lib/kernel/compiler/internals)`,
  )
}
