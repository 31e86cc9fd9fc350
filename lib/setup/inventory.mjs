import { lstatSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { inRoot, inState } from './paths.mjs'
import { readJson, writeJson } from './stamp.mjs'

/** @typedef {'npm' | 'venv' | 'native-cpu' | 'native-gpu'} Part a part of the installation */

/** @param {Part} part */
const listOf = (part) => inState('setup', `files-${part}.json`)

/**
 * Notes the size of every file of a part that was just installed. What is written later, such as the bytecode that
 * Python keeps, does not count.
 *
 * @param {Part} part
 * @param {readonly string[]} folders relative to the project's folder
 */
export function takeInventory(part, folders) {
  /** @type {Record<string, number>} */
  const sizes = {}
  for (const folder of folders)
    for (const entry of readdirSync(inRoot(folder), { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue
      const file = path.join(entry.parentPath, entry.name)
      sizes[path.relative(inRoot(), file)] = lstatSync(file).size
    }
  writeJson(listOf(part), sizes)
}

/**
 * Returns the first file of a part that is gone or has another size than when it was installed, for the user; null for
 * none, or if no inventory was taken. It takes about a second.
 *
 * @param {Part} part
 */
export function damageOf(part) {
  for (const [name, size] of Object.entries(readJson(listOf(part)) ?? {})) {
    const found = lstatSync(inRoot(name), { throwIfNoEntry: false })?.size
    if (found === undefined) return `${name} is missing`
    if (found !== size) return `${name} has ${found} bytes instead of ${size}`
  }
  return null
}
