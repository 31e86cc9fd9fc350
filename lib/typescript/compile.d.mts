/** Creates a compiler of the project's files. */
export function createCompiler(root: string): {
  codeGiven(filename: string): string | null
  isKept(filename: string): boolean
  compile(filename: string): string
}
/** Returns every file of the project's lib that is compiled, in a fixed order. */
export function sourcesOf(root: string): string[]
/** Returns a text that changes when code that was compiled before must not be used. */
export function madeBy(root: string): string
