import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { lastLines } from './child.mjs'
import { reasonOf, SetupError } from './errors.mjs'
import { inSetup, inState } from './paths.mjs'
import { runPip } from './pip.mjs'
import { contentOf, keyOf, readJson, writeJson } from './stamp.mjs'
import { unpackWheel } from './wheel.mjs'
import { moveIntoPlace, workFolder } from './work.mjs'

/** @typedef {'cpu' | 'gpu'} Kind */

/** Version of the set of files taken from the wheels; raise it when that set changes. */
const RECIPE = 1

/** Platform of the wheels: CPython 3.11 on Linux, whatever Python is installed. */
const WHEEL_TARGET = ['--python-version', '3.11', '--implementation', 'cp', '--abi', 'cp311', '--only-binary=:all:']
const PLATFORMS = ['manylinux_2_28', 'manylinux_2_27', 'manylinux_2_17', 'manylinux2014', 'manylinux1']

/**
 * Returns the folder of the libraries: `tensorflow/` and, for the GPU, `nvidia/` beside it, as in a site-packages folder.
 *
 * @param {Kind} kind
 */
export const libraryFolder = (kind) => inState('native', kind)

/** Returns the version of the libraries that this checkout requires. @param {Kind} kind */
export function libraryVersion(kind) {
  return /^tensorflow(?:-cpu)?==(\S+)/m.exec(contentOf(listOf(kind)).toString('utf8'))?.[1] ?? 'unknown'
}

/** @param {Kind} kind */
export function libraryKey(kind) {
  return keyOf({ wheels: contentOf(listOf(kind)), recipe: RECIPE, arch: process.arch })
}

/** @param {Kind} kind */
export function librariesAreReady(kind) {
  return readJson(path.join(libraryFolder(kind), 'stamp.json'))?.key === libraryKey(kind)
}

/**
 * Extracts libtensorflow and its C headers (and for the GPU the CUDA libraries) from the pinned wheels. Each complete
 * wheel is kept until all are unpacked, so that an interrupted download continues with the next one.
 *
 * @param {Kind} kind
 * @throws {SetupError} if a wheel cannot be downloaded, or its checksum is not the pinned one
 */
export async function installLibraries(kind) {
  const folder = workFolder(`native-${kind}`)
  const downloads = []
  for (const entry of requirementsIn(readFileSync(listOf(kind), 'utf8'))) {
    const wheels = await download(entry)
    downloads.push(wheels)
    for (const name of readdirSync(wheels).filter((file) => file.endsWith('.whl')))
      await unpack(path.join(wheels, name), folder)
  }
  if (!existsSync(path.join(folder, 'tensorflow', 'libtensorflow_cc.so.2')))
    throw new SetupError(
      `No wheel of libtensorflow is pinned for ${process.platform} ${process.arch}.`,
      'Nothing to do: the wasm backend is used.',
    )
  writeJson(path.join(folder, 'stamp.json'), { key: libraryKey(kind), version: libraryVersion(kind) })
  moveIntoPlace(folder, libraryFolder(kind))
  for (const wheels of downloads) rmSync(wheels, { recursive: true, force: true })
}

/**
 * @param {string} wheel
 * @param {string} folder
 */
async function unpack(wheel, folder) {
  try {
    await unpackWheel(wheel, folder, placeOf)
  } catch (error) {
    // The system's errors, such as a full disk, say nothing about the file.
    if (error instanceof Error && 'syscall' in error) throw error
    rmSync(path.dirname(wheel), { recursive: true, force: true })
    throw new SetupError(
      `${path.basename(wheel)} cannot be unpacked (${reasonOf(error)}), and was discarded.`,
      'Run npm run setup, which downloads it again.',
    )
  }
}

/**
 * Returns the entries of a pip requirements file, with continuation lines joined and without comments.
 *
 * @param {string} text
 */
export function requirementsIn(text) {
  return text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*/, '').trim())
    .filter((line) => line !== '')
}

/** Returns the target path of an entry of a wheel; null if it is not needed. @param {string} name */
export function placeOf(name) {
  if (/^tensorflow\/libtensorflow_(cc|framework)\.so\.2$/.test(name)) return name
  if (/^nvidia\/[^/]+\/lib\/.*\.so[.\d]*$/.test(name)) return name
  const header =
    /^tensorflow\/include\/((tensorflow\/c\/|(xla\/)?tsl\/c\/|(tensorflow\/core|tsl)\/platform\/ctstring).*\.h)$/.exec(
      name,
    )
  return header?.[1] ? `include/${header[1]}` : null
}

/**
 * @param {string} entry
 *
 * @returns {Promise<string>} the folder that holds its wheel; empty when its marker excludes this machine
 */
async function download(entry) {
  const place = inState('downloads', keyOf({ entry }).slice(0, 16))
  if (existsSync(place)) return place
  const work = workFolder('wheel')
  const list = path.join(work, 'wheel.txt')
  writeFileSync(list, `${entry}\n`)
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64'
  const platforms = PLATFORMS.flatMap((name) => ['--platform', `${name}_${machine}`])
  const { code, output } = await runPip([
    ...['download', '-q', '--no-deps', '--require-hashes', '--no-cache-dir', '-r', list, '-d', work],
    ...[...WHEEL_TARGET, ...platforms],
  ])
  if (code !== 0) throw downloadFailed(entry.split(' ')[0] ?? entry, output)
  rmSync(list)
  writeJson(path.join(work, 'complete.json'), { entry })
  moveIntoPlace(work, place)
  return place
}

/** Returns the error for a failed download. @param {string} name @param {string} output printed by pip */
function downloadFailed(name, output) {
  if (/DO NOT MATCH THE HASHES/.test(output))
    return new SetupError(
      `${name} does not have the checksum that lib/setup pins, and was discarded.`,
      'The download differs from what was published: check your package index or proxy, then run npm run setup.',
      lastLines(output, 4),
    )
  return new SetupError(
    `${name} could not be downloaded.`,
    'Check the network and the free space (or set PIP_FIND_LINKS to a folder that holds the wheel), then run npm run setup.',
    lastLines(output, 4),
  )
}

/** @param {Kind} kind */
function listOf(kind) {
  return inSetup(`native-${kind}.txt`)
}
