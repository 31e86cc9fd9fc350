import { types } from 'node:util'

/**
 * Gives a property that is text, own or inherited, without running code of the user's: undefined for what a getter
 * computes, for proxies, and for anything but text and numbers.
 */
export function plainText(object: object, key: string): string | undefined {
  for (let at: object | null = object; at !== null && !types.isProxy(at); at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, key)
    if (!property) continue
    // The getters of Node's own exceptions can be called.
    const value: unknown = at === DOMException.prototype ? property.get?.call(object) : property.value
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  }
  return undefined
}
