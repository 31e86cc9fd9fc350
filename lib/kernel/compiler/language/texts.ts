import type ts from 'typescript'
import { isCellFile } from '../cells.js'
import type { Tag } from './description.js'

/** Returns TypeScript's text of a signature, without the file names of cells. */
export function signatureText(parts: readonly ts.SymbolDisplayPart[]): string {
  return plain(parts.map(({ text }) => text).join(''))
}

/** Removes the files of cells from types such as `import("…/.recurlab-cell-3").Net`. */
export function plain(type: string): string {
  return type.replace(/import\("([^"]*)"\)\./g, (whole, file: string) => (isCellFile(file) ? '' : whole))
}

/** Returns the text of TSDoc, with links replaced by their names or addresses. */
export function textOf(parts: readonly ts.SymbolDisplayPart[] | undefined): string {
  const text = (parts ?? []).map(({ kind, text }) => (kind === 'link' ? '' : text)).join('')
  return text.trim()
}

/** Returns the tags of TSDoc in order. */
export function tagsOf(infos: readonly ts.JSDocTagInfo[] | undefined): Tag[] {
  return (infos ?? []).map(({ name: kind, text = [] }) => {
    const named = text.find((part) => part.kind === 'parameterName')
    const rest = textOf(named ? text.slice(text.indexOf(named) + 1) : text)
    return { kind, name: named?.text ?? '', text: kind === 'param' ? withoutDash(rest) : withoutBraces(rest) }
  })
}

/** Removes the dash with which the text of a parameter often begins. */
export const withoutDash = (text: string): string => text.replace(/^-\s*/, '')

/** Removes the braces in `@throws {TypeError} for …`. */
const withoutBraces = (text: string): string => text.replace(/^\{(\w+)\}/, '$1')
