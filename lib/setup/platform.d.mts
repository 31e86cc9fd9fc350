export function checkSystem(): string
export function findPython(): Promise<{ command: string; version: string }>
export function findProgram(name: string): Promise<string | null>
export function findCompiler(): Promise<string | null>
