import type ts from 'typescript'
import { displayOf } from '../internals/services.js'
import { containerOf } from '../internals/tokens.js'
import { declarationOf } from './declaration.js'
import type { Description } from './description.js'
import { membersOf } from './members.js'
import { schemaKeyOf } from './schema-key.js'
import type { Found } from './symbol-at.js'
import { signatureText, tagsOf, textOf } from './texts.js'
import { meaningOf, type View } from './view.js'

const LONGEST_SIGNATURE = 1000

/** Describes a name: its type, its TSDoc and glossary entry, and with `full` its declaration. */
export function describeSymbol(seen: View, { node, symbol }: Found, full: boolean): Description | undefined {
  const { ts, checker, sourceFile } = seen
  const shown = displayOf({
    checker,
    symbol,
    file: sourceFile,
    enclosing: containerOf(node),
    location: node,
    meaning: meaningOf(ts, symbol),
    maximumLength: LONGEST_SIGNATURE,
  })
  const signature = signatureText(shown.displayParts)
  if (!signature) return undefined
  const key = schemaKeyOf(ts, symbol)
  const declared = full ? declarationOf(seen, symbol) : undefined
  return {
    signature: withMembers(seen, symbol, node, signature),
    documentation: textOf(shown.documentation),
    tags: tagsOf(shown.tags),
    ...(key ? { key } : {}),
    ...(declared ? { declared } : {}),
  }
}

/** Adds the members to the signature of a class or an interface. */
function withMembers(seen: View, symbol: ts.Symbol, node: ts.Node, signature: string): string {
  const { ts } = seen
  if (!(symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) || signature.includes('\n')) return signature
  if (!/^(abstract )?(class|interface) /.test(signature)) return signature
  const members = membersOf(seen, symbol, node)
  return members.length === 0 ? signature : `${signature} {\n${members.map((line) => `  ${line}`).join('\n')}\n}`
}
