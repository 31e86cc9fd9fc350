export type Built = { file: string; problem: null } | { file: null; problem: string }
export function buildKernels(root: string, options?: { retry?: boolean; onStart?: () => void }): Promise<Built>
export function knownKernels(root: string): Built | null
export function refuseKernels(file: string, problem: string): void
export function kernelsKey(root: string, machine?: string): string
