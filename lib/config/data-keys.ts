import type { ConfigKey } from './schema.js'

/** Keys that say what is generated; each task uses some of them. */
export const GENERATED_KEYS = [
  'box',
  'clues',
  'size',
  'minPath',
  'versions',
  'trainPuzzles',
  'testPuzzles',
  'dataSeed',
] as const satisfies readonly ConfigKey[]

/** A key that says what is generated. */
export type GeneratedKey = (typeof GENERATED_KEYS)[number]

/** Whether a key says what is generated. */
export function isGeneratedKey(key: string): key is GeneratedKey {
  return (GENERATED_KEYS as readonly string[]).includes(key)
}

/** Whether a key says which puzzles there are: `task`, `data`, or what is generated. */
export function isDataKey(key: string): boolean {
  return key === 'task' || key === 'data' || isGeneratedKey(key)
}
