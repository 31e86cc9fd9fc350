// A hook of Node's loader of ES modules, in its thread: a test of TypeScript becomes a module that loads it; see test-loader.mjs.
import { fileURLToPath } from 'node:url'

const TEST = /^file:.*\.test\.ts$/

/** @type {import('node:module').LoadHook} */
export async function load(url, context, next) {
  if (!TEST.test(url)) return await next(url, context)
  const source = `await globalThis[Symbol.for('recurlab.loadTest')](${JSON.stringify(fileURLToPath(url))})`
  return { format: 'module', source, shortCircuit: true }
}
