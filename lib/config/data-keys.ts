import type { ConfigKey } from './schema.js'

/** Keys of generated data; each task uses some of them. */
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

/** A key of generated data. */
export type GeneratedKey = (typeof GENERATED_KEYS)[number]

/** Returns whether a key configures generated data. */
export function isGeneratedKey(key: string): key is GeneratedKey {
  return (GENERATED_KEYS as readonly string[]).includes(key)
}

/** Returns whether a key selects the puzzles: `task`, `data`, or a key of generated data. */
export function isDataKey(key: string): boolean {
  return key === 'task' || key === 'data' || isGeneratedKey(key)
}
