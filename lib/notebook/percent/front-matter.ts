import { parse, stringify } from 'yaml'
import { UserError } from '../../errors.js'
import { systemReason } from '../../files/atomic.js'
import { isJsonObject, type JsonObject } from '../../files/json.js'

/** The kernel of a notebook that names none. */
export const KERNEL: JsonObject = { display_name: 'TypeScript (Recurlab)', language: 'typescript', name: 'recurlab' }

/** Version of the percent format, as jupytext counts it. */
const FORMAT_VERSION = '1.3'

const FENCE = '---'

/** Returns the lines at the start of a text form, which name its format and the notebook's kernel. */
export function frontMatter(kernelspec: JsonObject): string[] {
  const jupytext = {
    text_representation: { extension: '.ts', format_name: 'percent', format_version: FORMAT_VERSION },
  }
  const yaml = stringify(
    { jupyter: { jupytext, kernelspec } },
    { lineWidth: 0, singleQuote: true, sortMapEntries: true },
  )
  return [FENCE, ...yaml.trimEnd().split('\n'), FENCE].map((line) => (line === '' ? '//' : `// ${line}`))
}

/**
 * Reads the front matter, if there is one.
 *
 * @returns the notebook's kernel and the number of lines read
 * @throws UserError if it has no end, is not YAML, is of another format, or has metadata other than the kernel's.
 */
export function readFrontMatter(lines: readonly string[], file: string): { kernelspec: JsonObject; end: number } {
  // Jupytext declares the encoding where a cell is not ASCII.
  const start = /^\/\/ -\*- coding: utf-8 -\*-/.test(lines[0] ?? '') ? 1 : 0
  if (!isFence(lines[start])) return { kernelspec: KERNEL, end: start }
  const end = lines.findIndex((line, at) => at > start && isFence(line))
  const last = lines.findIndex((line, at) => at > start && !line.startsWith('//'))
  const where = `${file}, line ${start + 1}`
  if (end < 0 || (last >= 0 && last < end))
    throw new UserError({ where, expected: 'front matter that ends with // ---', found: 'no such line after it' })
  const { jupyter = {}, ...others } = objectOf(yamlOf(lines.slice(start + 1, end), where), where)
  const { jupytext = {}, kernelspec = KERNEL, ...more } = objectOf(jupyter, where)
  const [unknown] = Object.keys({ ...others, ...more })
  if (unknown !== undefined)
    throw new UserError({
      where,
      expected: 'jupyter: with jupytext and kernelspec',
      found: unknown,
      todo: 'Other metadata of the notebook stays in its .ipynb file.',
    })
  checkFormat(jupytext, where)
  return { kernelspec: objectOf(kernelspec, where), end: end + 1 }
}

function isFence(line: string | undefined): boolean {
  return line !== undefined && /^\/\/ ?---[ \t]*$/.test(line)
}

function yamlOf(lines: readonly string[], where: string): unknown {
  try {
    return parse(lines.map((line) => line.replace(/^\/\/ ?/, '')).join('\n'))
  } catch (error) {
    const found = systemReason(error).split('\n')[0]!
    throw new UserError({ where, expected: 'front matter in YAML', found }, { cause: error })
  }
}

function objectOf(value: unknown, where: string): JsonObject {
  if (value === null) return {}
  if (isJsonObject(value)) return value
  throw new UserError({ where, expected: 'keys and values in YAML', found: JSON.stringify(value) })
}

function checkFormat(jupytext: unknown, where: string): void {
  const { text_representation: form } = isJsonObject(jupytext) ? jupytext : {}
  if (!isJsonObject(form)) return
  const { format_name: name = 'percent', format_version: version = FORMAT_VERSION } = form
  if (name === 'percent' && String(version) === FORMAT_VERSION) return
  throw new UserError({
    where,
    expected: `the percent format ${FORMAT_VERSION}`,
    found: `${name} ${version}`,
    todo: 'Write the text again from the notebook with recurlab notebooks sync --from ipynb.',
  })
}
