// Compiles the project's TypeScript to CommonJS, cached in .recurlab/cache/lib under the hash of its text.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { privateFolder, readOwn, writeOwn } from './cache.mjs'
import { toCommonJs } from './transform.mjs'

/** Milliseconds of compiling after which a user at a terminal is told the reason for the delay. */
const TOLD_AFTER = 1000

/** The last line of a file of the cache: its format version, then the hash of its input. A file of another version is made anew. */
const MARK = '\n//# recurlab code 1 from '

/**
 * Creates a compiler of the project's files.
 *
 * @param {string} root the project's folder
 */
export function createCompiler(root) {
  const folder = privateFolder(root, 'lib')
  const made = madeBy(root)
  let spent = 0
  let told = false
  /** @type {Map<string, string>} */
  const given = new Map()

  /** Returns where the code of a file is kept; null for a file of another folder, which may be gone tomorrow. */
  const placeOf = (/** @type {string} */ filename) => {
    const name = path.relative(root, filename)
    return folder && !name.startsWith('..') ? path.join(folder, `${name.replaceAll(path.sep, '+')}.cjs`) : null
  }
  const keyOf = (/** @type {string} */ filename, /** @type {string} */ source) =>
    createHash('sha256').update(`${made}\0${filename}\0${source}`).digest('base64url')

  /**
   * Returns the cached code of a file if it was compiled from this text; null otherwise.
   *
   * @param {string} filename
   * @param {string} key
   */
  const kept = (filename, key) => {
    const place = placeOf(filename)
    const code = place && readOwn(place)
    return code?.endsWith(MARK + key) ? code : null
  }
  return {
    /** Returns the code of a file as it was returned before; null if it is gone. @param {string} filename */
    codeGiven(filename) {
      const key = given.get(filename)
      if (key === undefined) return null
      const known = kept(filename, key)
      if (known !== null) return known
      const source = readFileSync(filename, 'utf8')
      return keyOf(filename, source) === key ? toCommonJs(filename, source) : null
    },

    /** Returns whether the present text of a file is compiled. @param {string} filename */
    isKept: (filename) => kept(filename, keyOf(filename, readFileSync(filename, 'utf8'))) !== null,

    /**
     * Returns the CommonJS of a file, with its source map at the end.
     *
     * @param {string} filename
     * @returns {string}
     * @throws {SyntaxError} which names the line
     */
    compile(filename) {
      const source = readFileSync(filename, 'utf8')
      const key = keyOf(filename, source)
      given.set(filename, key)
      const known = kept(filename, key)
      if (known !== null) return known
      const start = performance.now()
      const code = toCommonJs(filename, source) + MARK + key
      const place = placeOf(filename)
      if (place) writeOwn(place, code)
      spent += performance.now() - start
      if (spent > TOLD_AFTER && !told && process.stderr.isTTY) {
        told = true
        process.stderr.write('recurlab: compiling changed sources …\n')
      }
      return code
    },
  }
}

/**
 * Returns every file of the project's lib that is compiled, in a fixed order. @param {string} root @returns {string[]}
 */
export function sourcesOf(root) {
  const lib = path.join(root, 'lib')
  return readdirSync(lib, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.d)\.ts$/.test(name))
    .sort()
    .map((name) => path.join(lib, name))
}

/**
 * Returns the compiler's release and the text of transform.mjs: code compiled by another compiler is not used.
 *
 * @param {string} root the project's folder
 * @returns {string}
 */
export function madeBy(root) {
  const release = contentOf(path.join(root, 'node_modules', 'typescript', 'package.json'))
  return `${release}\0${contentOf(new URL('transform.mjs', import.meta.url))}`
}

/** @param {string | URL} file @returns {string} */
function contentOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
