import type ts from 'typescript'

interface Generated extends ts.Identifier {
  readonly emitNode?: { readonly autoGenerate?: { readonly id: number } }
}

/**
 * Returns the number of a name invented by TypeScript, equal for every use of the name; undefined for a written name.
 * The names themselves are chosen only when the code is printed.
 */
export function inventedId(name: ts.Identifier): number | undefined {
  return (name as Generated).emitNode?.autoGenerate?.id
}
