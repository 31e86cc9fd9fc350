// Stacks that name the lines of the TypeScript. Node's own option would read the source maps of every package at every
// start.
import { SourceMap } from 'node:module'

/**
 * Makes the stacks of errors name the lines that were written.
 *
 * @param {(file: string) => string | null} codeOf returns the code of a file with its source map at the end; null for a file that runs as it is
 */
export function mapStacks(codeOf) {
  /** @type {Map<string, SourceMap | null>} */
  const maps = new Map()
  const mapOf = (/** @type {string} */ file) => {
    if (!maps.has(file)) maps.set(file, readMap(codeOf, file))
    return maps.get(file)
  }
  Error.prepareStackTrace = (error, sites) => {
    const frames = sites.map((site) => {
      const text = String(site)
      const file = site.getFileName()
      const line = site.getLineNumber()
      const column = site.getColumnNumber()
      const entry = file && line && column ? mapOf(file)?.findEntry(line - 1, column - 1) : null
      const { originalLine, originalColumn } = /** @type {Partial<import('node:module').SourceMapping>} */ (entry ?? {})
      if (originalLine === undefined || originalColumn === undefined) return text
      return text.replace(`${file}:${line}:${column}`, `${file}:${originalLine + 1}:${originalColumn + 1}`)
    })
    return [headOf(error), ...frames.map((frame) => `    at ${frame}`)].join('\n')
  }
}

const INLINE = /\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)/

/** @param {(file: string) => string | null} codeOf @param {string} file */
function readMap(codeOf, file) {
  try {
    const inline = INLINE.exec(codeOf(file) ?? '')
    return inline ? new SourceMap(JSON.parse(Buffer.from(inline[1] ?? '', 'base64').toString())) : null
  } catch {
    return null
  }
}

/** @param {unknown} error */
function headOf(error) {
  try {
    return Error.prototype.toString.call(error)
  } catch {
    return 'Error'
  }
}
