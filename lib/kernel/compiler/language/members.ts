import type ts from 'typescript'
import { plain } from './texts.js'
import type { View } from './view.js'

const MOST = 30

/** Returns the public members of a class or an interface, one per line, constructors first. */
export function membersOf({ ts, checker }: View, symbol: ts.Symbol, at: ts.Node): string[] {
  // Prints names without `import("…")`, even of types that the cell has not imported.
  const format = ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope
  const instance = checker.getDeclaredTypeOfSymbol(symbol)
  const constructors =
    symbol.flags & ts.SymbolFlags.Class ? checker.getTypeOfSymbolAtLocation(symbol, at).getConstructSignatures() : []
  const lines = [
    ...constructors
      .filter(({ declaration }) => declaration)
      .map((signature) => `constructor${checker.signatureToString(signature, at, format).replace(/: [^:)]*$/, '')}`),
    ...instance.getProperties().flatMap((property) => memberLines(property)),
  ]
  const shown = lines.slice(0, MOST).map(plain)
  return lines.length > MOST ? [...shown, `// ${lines.length - MOST} more`] : shown

  function memberLines(property: ts.Symbol): string[] {
    const declaration = property.valueDeclaration
    const modifiers = declaration ? ts.getCombinedModifierFlags(declaration) : 0
    const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected
    if (modifiers & hidden || /^(__@|#)/.test(property.name)) return []
    const type = checker.getTypeOfSymbolAtLocation(property, at)
    const optional = property.flags & ts.SymbolFlags.Optional ? '?' : ''
    const calls = property.flags & ts.SymbolFlags.Method ? type.getNonNullableType().getCallSignatures() : []
    if (calls.length > 0)
      return calls.map((signature) => `${property.name}${optional}${checker.signatureToString(signature, at, format)}`)
    const readonly = modifiers & ts.ModifierFlags.Readonly ? 'readonly ' : ''
    return [`${readonly}${property.name}${optional}: ${checker.typeToString(type, at, format)}`]
  }
}
