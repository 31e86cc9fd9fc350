import ts from 'typescript'
import { exportsOf, localsOf } from './internals/binder.js'
import { mentions } from './internals/source-file.js'

/** The meanings that a name can have at the same time: a value, a type and a namespace. */
const MEANINGS = [ts.SymbolFlags.Value, ts.SymbolFlags.Type, ts.SymbolFlags.Namespace]

/** The names that cells have declared, with their newest symbols. */
export class Scope {
  /** Symbols by name, newest first: several if cells have given a name several meanings, as `const A` and `type A`. */
  readonly #names = new Map<ts.__String, readonly ts.Symbol[]>()

  /** Puts the names into the scope of a bound file, unless it declares them itself. */
  show(file: ts.SourceFile): void {
    const locals = localsOf(file)
    const exported = exportsOf(file)
    for (const [name, symbols] of this.#names) {
      const own = locals.get(name) ?? exported?.get(name)
      const [first, second] = own ? adding([own], symbols) : symbols
      if (first && !own) locals.set(name, first)
      // A meaning that the local name does not have is looked up among the module's exports.
      const other = own ? first : second
      if (other && !exported?.has(name)) exported?.set(name, other)
    }
  }

  /** Takes over the names that a file declares. */
  keep(file: ts.SourceFile): void {
    const tables = [localsOf(file), exportsOf(file)].filter((table) => table !== undefined)
    const isOwn = (declared: ts.Symbol): boolean => declared.declarations?.[0]?.getSourceFile() === file
    // A cell must not keep unused names alive, so that earlier cells can be freed.
    for (const table of tables)
      for (const [name, declared] of table)
        if (!isOwn(declared) && !mentions(file, ts.unescapeLeadingUnderscores(name))) table.delete(name)
    for (const table of tables)
      for (const [name, declared] of table)
        if (isOwn(declared)) this.#names.set(name, [declared, ...adding([declared], this.#names.get(name) ?? [])])
  }
}

/** Returns the symbols that add a meaning to the present ones. */
function adding(there: readonly ts.Symbol[], symbols: readonly ts.Symbol[]): ts.Symbol[] {
  const added: ts.Symbol[] = []
  for (const symbol of symbols)
    if (meanings(symbol) & ~[...there, ...added].reduce((flags, one) => flags | meanings(one), 0)) added.push(symbol)
  return added
}

function meanings(symbol: ts.Symbol): number {
  // Only the checker knows the meaning of an import; an exported variable is a value whatever its local symbol says.
  if (symbol.flags & (ts.SymbolFlags.Alias | ts.SymbolFlags.ExportValue))
    return ts.SymbolFlags.Value | ts.SymbolFlags.Type | ts.SymbolFlags.Namespace
  return MEANINGS.reduce((all, meaning) => (symbol.flags & meaning ? all | meaning : all), 0)
}
