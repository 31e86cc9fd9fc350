import { fileOperations } from '../../lib/files/operations.js'

type Name = keyof typeof fileOperations

/** How many operations a piece of work did, and what it threw. */
export interface Outcome {
  readonly operations: number
  readonly error: unknown
}

/** Lets file operation number `n` (counted from 0) fail as on a full disk, only that one or all from there on, until restored. */
export function startFailing(n: number, how: 'once' | 'for good'): { operations(): number; restore(): void } {
  const real = { ...fileOperations }
  let operations = 0
  for (const name of Object.keys(real) as Name[]) {
    if (name === 'existsSync') continue // It answers; it never throws.
    const replacement = (...args: unknown[]): unknown => {
      const at = operations++
      if (at === n || (how === 'for good' && at > n)) {
        // A descriptor is given back even where closing reports an error, as the system does.
        if (name === 'closeSync') Reflect.apply(real[name], undefined, args)
        throw Object.assign(new Error(`ENOSPC: no space left on device, ${name}`), { code: 'ENOSPC' })
      }
      return Reflect.apply(real[name], undefined, args)
    }
    Object.assign(fileOperations, { [name]: replacement })
  }
  return { operations: () => operations, restore: () => void Object.assign(fileOperations, real) }
}

/** Does some work while a file operation fails, as {@link startFailing} says. */
export function withFailure(n: number, how: 'once' | 'for good', work: () => void): Outcome {
  const { operations, restore } = startFailing(n, how)
  try {
    work()
    return { operations: operations(), error: null }
  } catch (error) {
    return { operations: operations(), error }
  } finally {
    restore()
  }
}
