import { types } from 'node:util'

/** The properties of an uncaught error that V8's inspector reads where no stop can interrupt it. */
const READ = ['stack', 'name', 'message']

/**
 * Hides the user's getters on an error while V8's inspector reads it. A getter that cannot be redefined stays: if it
 * does not return, neither does the cell.
 *
 * @returns a function that restores the getters
 */
export function disarm(thrown: unknown): () => void {
  if (!types.isNativeError(thrown)) return () => {}
  const giveBack = READ.map((key) => shadow(thrown, key))
  return () => giveBack.forEach((one) => void one())
}

function shadow(error: Error, key: string): () => void {
  const own = Object.getOwnPropertyDescriptor(error, key)
  const canShadow = own ? own.configurable === true : Object.isExtensible(error)
  if (!canShadow || !hasGetter(error, key)) return () => {}
  Object.defineProperty(error, key, { value: '', writable: true, enumerable: false, configurable: true })
  return () => {
    if (own) Object.defineProperty(error, key, own)
    else Reflect.deleteProperty(error, key)
  }
}

/** Returns whether reading a property runs a function that is not the engine's own. */
function hasGetter(error: Error, key: string): boolean {
  for (let at: object | null = error; at !== null && !types.isProxy(at); at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, key)
    if (property) return property.get !== undefined && !NATIVE.test(Function.prototype.toString.call(property.get))
  }
  return false
}

const NATIVE = /\{\s*\[native code\]\s*\}$/
