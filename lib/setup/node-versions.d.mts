export const NODE_LINES: readonly { readonly major: number; readonly least: number; readonly seen: string }[]
