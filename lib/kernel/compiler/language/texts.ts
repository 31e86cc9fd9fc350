import type ts from 'typescript'
import { isCellFile } from '../cells.js'
import type { Tag } from './description.js'

/** TypeScript's text of a signature, without the names of the files that cells are kept under. */
export function signatureText(parts: readonly ts.SymbolDisplayPart[]): string {
  return plain(parts.map(({ text }) => text).join(''))
}

/** Takes the files of cells out of types such as `import("…/.recurlab-cell-3").Net`. */
export function plain(type: string): string {
  return type.replace(/import\("([^"]*)"\)\./g, (whole, file: string) => (isCellFile(file) ? '' : whole))
}

/** TSDoc's text, with links as their names or addresses. */
export function textOf(parts: readonly ts.SymbolDisplayPart[] | undefined): string {
  const text = (parts ?? []).map(({ kind, text }) => (kind === 'link' ? '' : text)).join('')
  return text.trim()
}

/** TSDoc's tags in the order in which they stand. */
export function tagsOf(infos: readonly ts.JSDocTagInfo[] | undefined): Tag[] {
  return (infos ?? []).map(({ name: kind, text = [] }) => {
    const named = text.find((part) => part.kind === 'parameterName')
    const rest = textOf(named ? text.slice(text.indexOf(named) + 1) : text)
    return { kind, name: named?.text ?? '', text: kind === 'param' ? withoutDash(rest) : withoutBraces(rest) }
  })
}

/** A parameter's text often begins with a dash. */
export const withoutDash = (text: string): string => text.replace(/^-\s*/, '')

/** `@throws {TypeError} for …`. */
const withoutBraces = (text: string): string => text.replace(/^\{(\w+)\}/, '$1')
