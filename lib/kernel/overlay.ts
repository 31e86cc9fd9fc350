import path from 'node:path'
import type ts from '@tslab/typescript-for-tslab'

/** Where lib's declaration files are; null as long as, or because, there are none. */
export type TypesFolder = () => string | null

/**
 * The file system as tslab's compiler shall see it: `lib/x.ts` is not there, `lib/x.d.ts` is (it lies in the folder
 * of declaration files), so that a cell's `../lib/x` has the types of lib without the old compiler compiling lib.
 * Without declaration files every exported name is `any`.
 *
 * @param sys the real file system
 * @param cwd the notebook's folder, from which `../lib` is resolved
 */
export function overlayFiles(sys: ts.System, root: string, cwd: string, types: TypesFolder): Partial<ts.System> {
  const lib = `${slashes(path.join(root, 'lib'))}/`
  const isDeclaration = (file: string): boolean => file.startsWith(lib) && file.endsWith('.d.ts')
  const isSource = (file: string): boolean => file.startsWith(lib) && /\.[cm]?tsx?$/.test(file)
  const place = (file: string): string => {
    const folder = types()
    return folder === null ? file.replace(/\.d\.ts$/, '.ts') : slashes(path.join(folder, file.slice(lib.length)))
  }
  const real = {
    fileExists: sys.fileExists.bind(sys),
    readFile: sys.readFile.bind(sys),
    watchFile: sys.watchFile?.bind(sys),
  }
  return {
    getCurrentDirectory: () => slashes(cwd),
    fileExists: (file) =>
      isDeclaration(file) ? real.fileExists(place(file)) : !isSource(file) && real.fileExists(file),
    readFile: (file, encoding) => {
      if (!isDeclaration(file)) return real.readFile(file, encoding)
      const text = real.readFile(place(file), encoding)
      return text !== undefined && types() === null ? anyDeclarations(text) : text
    },
    ...(real.watchFile
      ? { watchFile: (file, ...rest) => real.watchFile!(isDeclaration(file) ? place(file) : file, ...rest) }
      : {}),
  }
}

const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|enum) +([\w$]+)/gm
const REEXPORT = /^export (?:type )?(?:\*|\{)[^;]*? from '[^']+'/gm

/** Declares what a TypeScript file exports, all of it as `any`. */
export function anyDeclarations(source: string): string {
  const names = new Set(Array.from(source.matchAll(DECLARATION), (match) => match[1]!))
  const any = Array.from(names, (name) => `export declare const ${name}: any\nexport type ${name} = any`)
  return [...any, ...Array.from(source.matchAll(REEXPORT), (match) => match[0]), 'export {}'].join('\n')
}

function slashes(file: string): string {
  return file.replaceAll('\\', '/')
}
