import path from 'node:path'
import type ts from 'typescript'
import { isCellFile } from '../cells.js'
import type { Declared } from './description.js'
import type { View } from './view.js'

const MOST_LINES = 200

/** Returns the place and the text of a symbol's declaration; of several, the one with a body. */
export function declarationOf({ ts, sourceFile, cwd }: View, symbol: ts.Symbol): Declared | undefined {
  const declarations = symbol.declarations ?? []
  const chosen =
    declarations.find((node) => 'body' in node && node.body !== undefined) ?? symbol.valueDeclaration ?? declarations[0]
  if (!chosen) return undefined
  const node = whole(chosen)
  const file = node.getSourceFile()
  const { line } = file.getLineAndCharacterOfPosition(node.getStart(file))
  return {
    at: place(file, line + 1),
    source: ts.isSourceFile(node) ? firstLines(file.text) : firstLines(node.getText(file)),
  }

  function place(file: ts.SourceFile, line: number): string {
    if (file === sourceFile) return `this cell, line ${line}`
    return isCellFile(file.fileName) ? `an earlier cell, line ${line}` : `${path.relative(cwd, file.fileName)}:${line}`
  }

  /** Returns the node to show: a variable with its `const` or `let`. */
  function whole(declaration: ts.Node): ts.Node {
    const list = declaration.parent
    if (ts.isVariableDeclaration(declaration) && ts.isVariableDeclarationList(list))
      return ts.isVariableStatement(list.parent) ? list.parent : list
    return declaration
  }
}

function firstLines(text: string): string {
  const lines = text.split('\n')
  return lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '…'].join('\n') : text
}
