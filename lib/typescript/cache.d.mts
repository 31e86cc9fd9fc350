export function privateFolder(root: string, name: string): string | null
export function readOwn(file: string): string | null
export function writeOwn(file: string, text: string): void
