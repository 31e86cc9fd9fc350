export function canRunTensorFlow(): boolean
export function machineLacks(): string | null
export function limitOf(what: 'open files' | 'address space'): number
export function settleTemporaryFolder(root: string): string | null
