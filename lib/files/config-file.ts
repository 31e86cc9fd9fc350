import path from 'node:path'
import { type CST, Parser, parseDocument } from 'yaml'
import { UserError } from '../errors.js'
import { readBytes } from './atomic.js'
import { isJsonObject, type JsonObject, kindOf, whyNotJson } from './json.js'
import { duplicateKey, isHostileKey } from './json-keys.js'

/** Maximum size of a configuration file: those of the published code have one or two kilobytes. */
const MAX_BYTES = 2 ** 16
/** Maximum nesting depth. */
const MAX_DEPTH = 16
/** Maximum number of values that YAML aliases may expand to; without a limit a short file expands to billions. */
const MAX_ALIASES = 16

/**
 * Reads a file of keys and values, YAML (`.yaml`, `.yml`) or JSON. YAML is restricted to what JSON can express: tags
 * that construct objects, and more than a few aliases, are rejected.
 *
 * @throws UserError when the file cannot be read, is neither format, or contains a duplicate or hostile key.
 */
export function readConfigFile(file: string): JsonObject {
  const bytes = readBytes(file)
  if (bytes.length > MAX_BYTES)
    throw new UserError({
      where: file,
      expected: `a configuration of at most ${MAX_BYTES} bytes`,
      found: `${bytes.length}`,
    })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UserError({ where: file, expected: 'text in UTF-8', found: 'invalid bytes' })
  }
  const value = /\.ya?ml$/i.test(path.basename(file)) ? parseYaml(text, file) : parseJson(text, file)
  if (!isJsonObject(value)) throw new UserError({ where: file, expected: 'keys with values', found: kindOf(value) })
  checkPlain(value, file, 1)
  return value
}

function parseJson(text: string, file: string): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UserError({ where: file, expected: 'JSON', found: whyNotJson(error) })
  }
  const twice = duplicateKey(text)
  if (twice !== null)
    throw new UserError({ where: file, expected: 'every key once', found: `${JSON.stringify(twice)} twice` })
  return value
}

function parseYaml(text: string, file: string): unknown {
  // The library composes recursively: input nested too deeply must not reach it.
  if (syntaxDepth(text) > 4 * MAX_DEPTH) throw tooDeep(file)
  const document = parseDocument(text, { schema: 'core', uniqueKeys: true, logLevel: 'error', prettyErrors: true })
  const [problem] = [...document.errors, ...document.warnings]
  if (problem) {
    const line = problem.linePos?.[0].line
    throw new UserError({
      where: line === undefined ? file : `${file}, line ${line}`,
      expected: 'plain YAML of keys and values',
      found: problem.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''),
    })
  }
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES })
  } catch (error) {
    throw new UserError({ where: file, expected: 'YAML with few aliases', found: (error as Error).message })
  }
}

function checkPlain(value: unknown, where: string, depth: number): void {
  if (depth > MAX_DEPTH) throw tooDeep(where)
  if (Array.isArray(value)) for (const item of value) checkPlain(item, where, depth + 1)
  else if (isJsonObject(value)) {
    if (Object.getPrototypeOf(value) !== Object.prototype)
      throw new UserError({ where, expected: 'plain YAML of keys and values', found: `a ${value.constructor.name}` })
    for (const [key, inner] of Object.entries(value)) {
      if (isHostileKey(key)) throw new UserError({ where, expected: 'keys that are plain words', found: key })
      checkPlain(inner, where, depth + 1)
    }
  }
}

/** Returns the nesting depth of a YAML text, computed without recursion. */
function syntaxDepth(text: string): number {
  const open: [node: CST.Token, depth: number][] = [...new Parser().parse(text)].map((token) => [token, 1])
  let deepest = 0
  for (let next = open.pop(); next; next = open.pop()) {
    const [node, depth] = next
    deepest = Math.max(deepest, depth)
    if (node.type === 'document' && node.value) open.push([node.value, depth + 1])
    if ('items' in node)
      for (const { key, value } of node.items)
        for (const inner of [key, value]) if (inner) open.push([inner, depth + 1])
  }
  return deepest
}

function tooDeep(where: string): UserError {
  return new UserError({ where, expected: `at most ${MAX_DEPTH} levels of keys`, found: 'more' })
}
