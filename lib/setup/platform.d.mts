export function findCompiler(): Promise<string | null>
