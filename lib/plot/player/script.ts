import path from 'node:path'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'
import { createCompiler } from '../../typescript/compile.mjs'

/** The modules of a frame in the order in which they are loaded, by path in `lib/plot`. */
const MODULES = [
  '../escape/visible',
  '../escape/xml',
  'puzzle-marks',
  'puzzle-svg',
  'player/codes',
  'player/layout',
  'player/charts',
  'player/frame',
] as const

let script: string | null = null

/**
 * Returns the text of the script that operates the players of a page: the modules that draw frames, compiled, and
 * `mount.mjs`. It is the same for all recordings, so that a page's policy can allow it by its hash.
 */
export function playerScript(): string {
  script ??= built()
  return script
}

function built(): string {
  const { compile } = createCompiler(projectFolder)
  const folder = path.join(projectFolder, 'lib', 'plot')
  const modules = MODULES.map((name) => {
    const code = withoutNotes(compile(path.join(folder, `${name}.ts`)))
    return `${JSON.stringify(path.basename(name))}: (exports, require) => {\n${code}\n}`
  })
  const mount = withoutNotes(fs.readFileSync(path.join(folder, 'player', 'mount.mjs'), 'utf8')).replaceAll(
    'export ',
    '',
  )
  return `(() => {
const modules = {${modules.join(',\n')}}
const loaded = {}
const load = (name) => {
  const key = name.replace(/^.*\\//, '').replace(/\\.js$/, '')
  if (!loaded[key]) modules[key]((loaded[key] = {}), load)
  return loaded[key]
}
${mount}
mountAll(load('frame'))
})()`
}

/** Removes comments on lines of their own, and the source map. */
function withoutNotes(code: string): string {
  return code
    .replace(/^\s*\/\*\*[\s\S]*?\*\/\n?/gm, '')
    .replace(/^\s*\/\/.*\n?/gm, '')
    .trim()
}
