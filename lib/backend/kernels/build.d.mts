export function buildKernels(
  root: string,
  options?: { retry?: boolean; onStart?: () => void },
): Promise<{ file: string; problem: null } | { file: null; problem: string }>
export function kernelsKey(root: string): string
export function kernelsFile(root: string, key: string): string
