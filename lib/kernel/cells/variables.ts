import { type Runtime, Session } from 'node:inspector'
import { runInThisContext } from 'node:vm'

/** The key known to lib, which is loaded separately from the kernel. */
const KEY = Symbol.for('recurlab.variableOf')

/** Offers lib the name of the variable that holds a value; see {@link variableOf}. */
export function offerVariables(): void {
  Object.defineProperty(globalThis, KEY, { value: variableOf, enumerable: false, configurable: true, writable: true })
}

/** Returns the name of the variable of a cell that holds a value; null if none does. */
function variableOf(value: unknown): string | null {
  return lexicalNames().find((name) => valueOfVariable(name) === value) ?? nameOfGlobal(value)
}

/** Names that cells have declared with `const`, `let` and `class`, which are no properties of any object. */
function lexicalNames(): readonly string[] {
  const session = new Session()
  let names: readonly string[] = []
  try {
    session.connect()
    session.post(
      'Runtime.globalLexicalScopeNames',
      {},
      (error: Error | null, reply?: Runtime.GlobalLexicalScopeNamesReturnType) => {
        if (!error && reply) names = reply.names
      },
    )
  } catch {
    // Without this function of the inspector, a value has no name.
  } finally {
    session.disconnect()
  }
  return names
}

/** Returns undefined for a variable whose cell failed before it had a value. */
function valueOfVariable(name: string): unknown {
  try {
    return runInThisContext(name)
  } catch {
    return undefined
  }
}

/** Returns values of `var` and functions, which are properties of the global object; accessors are not called. */
function nameOfGlobal(value: unknown): string | null {
  const globals = Object.entries(Object.getOwnPropertyDescriptors(globalThis))
  return globals.find(([, descriptor]) => 'value' in descriptor && descriptor.value === value)?.[0] ?? null
}
