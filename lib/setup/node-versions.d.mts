export const NODE_LINES: readonly { readonly major: number; readonly least: number; readonly seen: string }[]
export function nodeIsFit(version: string): boolean
export function isLater(version: string): boolean
