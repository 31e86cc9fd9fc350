import { types } from 'node:util'

/**
 * Returns an own or inherited property that is text or a number, without running the user's code: undefined for what a getter
 * computes, for proxies, and for any other type.
 */
export function plainText(object: object, key: string): string | undefined {
  for (let at: object | null = object; at !== null && !types.isProxy(at); at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, key)
    if (!property) continue
    // The getters of Node's own exceptions are safe to call.
    const value: unknown = at === DOMException.prototype ? property.get?.call(object) : property.value
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }
  return undefined
}
