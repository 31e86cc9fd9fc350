import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { firstLine, lastLines, runQuietly } from './child.mjs'
import { SetupError } from './errors.mjs'
import { libraryFolder, libraryKey } from './libtensorflow.mjs'
import { inRoot, inSetup, inState } from './paths.mjs'
import { contentOf, keyOf, readJson, writeJson } from './stamp.mjs'
import { moveIntoPlace, workFolder } from './work.mjs'

/** @typedef {import('./libtensorflow.mjs').Kind} Kind */

/**
 * The Node-API version that tfjs-node's loader looks for: the highest supported by both the loader (8) and this Node.
 */
const NAPI = Math.min(8, Number(process.versions.napi))
const SOURCES = ['tfjs_backend.cc', 'tfjs_binding.cc']

/** Returns the name of the npm package whose binding is compiled. @param {Kind} kind */
export const packageOf = (kind) => (kind === 'gpu' ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node')

/** @param {Kind} kind */
export const bindingFile = (kind) => inState('native', `${kind}-binding`, 'tfjs_binding.node')

/** @param {Kind} kind */
function key(kind) {
  const binding = inRoot('node_modules', packageOf(kind), 'binding')
  /** @type {Record<string, string | number | Uint8Array>} */
  const inputs = { library: libraryKey(kind), napi: NAPI, code: contentOf(inSetup('binding.mjs')) }
  if (existsSync(binding))
    for (const name of readdirSync(binding).sort()) inputs[name] = contentOf(path.join(binding, name))
  return keyOf(inputs)
}

/** Returns whether the binding is compiled and is where the npm package looks for it. @param {Kind} kind */
export function bindingIsReady(kind) {
  const stamp = readJson(path.join(path.dirname(bindingFile(kind)), 'stamp.json'))
  return stamp?.key === key(kind) && existsSync(bindingFile(kind))
}

/**
 * Compiles tfjs-node's N-API binding from the sources in the npm package against libtensorflow.
 *
 * @param {Kind} kind
 * @param {string} compiler
 * @throws {SetupError} if it does not compile
 */
export async function compileBinding(kind, compiler) {
  const sources = inRoot('node_modules', packageOf(kind))
  const libraries = path.join(libraryFolder(kind), 'tensorflow')
  const work = workFolder(`binding-${kind}`)
  const { code, output } = await runQuietly(compiler, [
    ...['-O2', '-std=c++17', '-fPIC', '-shared', '-w', `-DNAPI_VERSION=${NAPI}`, '-DNODE_GYP_MODULE_NAME=tfjs_binding'],
    ...['-I', inRoot('node_modules', 'node-api-headers', 'include'), '-I', sources],
    ...['-I', path.join(libraryFolder(kind), 'include')],
    ...SOURCES.map((name) => path.join(sources, 'binding', name)),
    ...['-o', path.join(work, 'tfjs_binding.node'), '-L', libraries],
    ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    // Found before another libtensorflow in the user's LD_LIBRARY_PATH, which comes before the newer kind of tag.
    ...['-Wl,--disable-new-dtags', `-Wl,-rpath,$ORIGIN/../${kind}/tensorflow`],
  ])
  if (code !== 0)
    throw new SetupError(
      `${path.basename(compiler)} could not compile tfjs-node's binding.`,
      'Check that a C++17 compiler with its standard library is installed (Debian, Ubuntu: apt install g++), then run npm run setup.',
      lastLines(output),
    )
  const version = (await firstLine(compiler, ['--version'])) ?? compiler
  writeJson(path.join(work, 'stamp.json'), { key: key(kind), compiler: version })
  moveIntoPlace(work, path.dirname(bindingFile(kind)))
}

/**
 * Links the binding where tfjs-node's own loader looks. npm removes the link whenever it reinstalls the package.
 *
 * @param {Kind} kind
 */
export function linkBinding(kind) {
  const link = inRoot('node_modules', packageOf(kind), 'lib', `napi-v${NAPI}`, 'tfjs_binding.node')
  const target = path.relative(path.dirname(link), bindingFile(kind))
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(link) === target) return
  mkdirSync(path.dirname(link), { recursive: true })
  rmSync(link, { force: true })
  symlinkSync(target, link)
}
