// Compiles the fused kernels for this machine. It uses only Node's own modules, because set-up runs it before any
// package is installed.
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { findCompiler } from '../../setup/platform.mjs'

const LIBRARY = 'recurlab_kernels.node'
const FLAGS = [
  ...['-O3', '-march=native', '-std=c++17', '-fPIC', '-fvisibility=hidden', '-w'],
  // The kernels use neither errno nor floating-point traps; unlike -ffast-math, these flags change no result.
  ...['-fno-math-errno', '-fno-trapping-math'],
]
/** Number of builds that are kept: a shared folder serves machines of several kinds. */
const KEPT = 8
const HOUR = 3_600_000

/** @param {string} root the checkout */
const sourceFolder = (root) => path.join(root, 'lib', 'backend', 'kernels')

/**
 * Returns the key of a build: a hash of the sources, the flags, the library that they are linked with, and the
 * processor, so that a build for one processor is never loaded on another.
 *
 * @param {string} root the checkout
 * @param {string} [machine] default: this machine
 */
export function kernelsKey(root, machine = processor()) {
  const hash = createHash('sha256')
  const folder = sourceFolder(root)
  for (const name of readdirSync(folder).sort())
    if (/\.(h|cc)$/.test(name)) hash.update(`${name}\n`).update(readFileSync(path.join(folder, name)))
  const library = path.join(root, '.recurlab', 'native', 'cpu', 'stamp.json')
  hash.update(FLAGS.join(' ')).update(existsSync(library) ? readFileSync(library) : '')
  return hash.update(machine).digest('hex').slice(0, 24)
}

/** Returns the name and all features of the processor. */
function processor() {
  const file = '/proc/cpuinfo'
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const found = ['model name', 'flags', 'Features', 'CPU part'].map((key) => lines.find((line) => line.startsWith(key)))
  return [process.arch, os.cpus()[0]?.model, ...found].join('\n')
}

/** Returns the path of the library of a key. @param {string} root @param {string} key */
function kernelsFile(root, key) {
  return path.join(root, '.recurlab', 'native', 'kernels', key, LIBRARY)
}

/** Returns the path of the file that records the failure of a build. @param {string} file of the library */
const failureFile = (file) => `${path.dirname(file)}.txt`

/** Returns the path of the file that holds the SHA-256 of a library. @param {string} file of the library */
const checksumFile = (file) => `${file}.sha256`

/**
 * Returns whether a library is as it was compiled: a damaged one could crash the process, or compute something else.
 *
 * @param {string} file
 */
function isIntact(file) {
  try {
    return readFileSync(checksumFile(file), 'utf8') === checksum(file)
  } catch {
    return false
  }
}

/** @param {string} file */
function checksum(file) {
  return `${createHash('sha256').update(readFileSync(file)).digest('hex')}\n`
}

/**
 * Returns the library for this processor, or the reason why it cannot be built; null before the first attempt, and for a damaged library.
 *
 * @param {string} root the checkout
 * @returns {{ file: string, problem: null } | { file: null, problem: string } | null}
 */
export function knownKernels(root) {
  const file = kernelsFile(root, kernelsKey(root))
  if (isIntact(file)) return { file, problem: null }
  const failure = failureFile(file)
  return existsSync(failure) ? { file: null, problem: readFileSync(failure, 'utf8') } : null
}

/**
 * Removes a library and records why it must not be used.
 *
 * @param {string} file
 * @param {string} problem
 */
export function refuseKernels(file, problem) {
  rmSync(path.dirname(file), { recursive: true, force: true })
  mkdirSync(path.dirname(path.dirname(file)), { recursive: true })
  writeFileSync(failureFile(file), problem)
}

/**
 * Compiles the kernels unless a build, or the failure of one, exists for the same sources.
 *
 * @param {string} root the checkout
 * @param {{ retry?: boolean, onStart?: () => void }} [options] retry: repeats a failed build
 * @returns {Promise<{ file: string, problem: null } | { file: null, problem: string }>}
 */
export async function buildKernels(root, { retry = false, onStart } = {}) {
  const known = knownKernels(root)
  if (known && (known.file !== null || !retry)) return known
  const compiler = await findCompiler()
  if (!compiler) return { file: null, problem: 'no C++ compiler was found' }
  const library = path.join(root, '.recurlab', 'native', 'cpu')
  if (!existsSync(path.join(library, 'tensorflow', 'libtensorflow_cc.so.2')))
    return { file: null, problem: 'libtensorflow is not installed' }
  onStart?.()
  const file = kernelsFile(root, kernelsKey(root))
  // Not in set-up's work folder, which a set-up that starts now would clear. Another machine may have the same process ID.
  const work = `${path.dirname(file)}.${randomBytes(4).toString('hex')}.${process.pid}`
  try {
    mkdirSync(work, { recursive: true })
    await compile(root, compiler, library, work)
    writeFileSync(checksumFile(path.join(work, LIBRARY)), checksum(path.join(work, LIBRARY)))
    // Another process may have finished the same build in the meantime; its folder then stays.
    if (!isIntact(file)) {
      rmSync(path.dirname(file), { recursive: true, force: true })
      renameSync(work, path.dirname(file))
    }
    rmSync(failureFile(file), { force: true })
    removeOld(path.dirname(path.dirname(file)))
  } catch (error) {
    if (!isIntact(file)) {
      const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
      const problem = `${path.basename(compiler)} could not compile them: ${firstError(text)}`
      // An error in the sources persists until they change; a full disk or Ctrl-C does not.
      if (/: (fatal )?error: /.test(text)) refuseKernels(file, problem)
      return { file: null, problem }
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return { file, problem: null }
}

/**
 * Compiles each source to an object, as many at a time as there are cores, and links the library.
 *
 * @param {string} root @param {string} compiler @param {string} library folder of libtensorflow @param {string} work
 */
async function compile(root, compiler, library, work) {
  const folder = sourceFolder(root)
  const sources = readdirSync(folder).filter((name) => name.endsWith('.cc'))
  const run = promisify(execFile)
  const left = [...sources]
  const worker = async () => {
    for (let name = left.pop(); name; name = left.pop())
      await run(compiler, [
        ...FLAGS,
        ...['-I', path.join(library, 'include'), '-c', path.join(folder, name)],
        ...['-o', path.join(work, `${name}.o`)],
      ])
  }
  await Promise.all(Array.from({ length: os.availableParallelism() }, worker))
  await run(compiler, [
    ...['-shared', ...sources.map((name) => path.join(work, `${name}.o`)), '-o', path.join(work, LIBRARY)],
    ...['-L', path.join(library, 'tensorflow'), '-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2'],
    ...['-lpthread', '-Wl,-rpath,$ORIGIN/../../cpu/tensorflow'],
  ])
  for (const name of sources) rmSync(path.join(work, `${name}.o`))
}

/** Removes the oldest builds, and the work folders of killed processes. @param {string} folder */
function removeOld(folder) {
  const builds = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  const paths = builds.map(({ name }) => path.join(folder, name)).sort((a, b) => modified(b) - modified(a))
  const isWork = (/** @type {string} */ build) => /\.\d+$/.test(build)
  const old = [
    ...paths.filter((build) => !isWork(build)).slice(KEPT),
    ...paths.filter((build) => isWork(build) && Date.now() - modified(build) > HOUR),
  ]
  for (const build of old) rmSync(build, { recursive: true, force: true })
}

/** @param {string} file */
function modified(file) {
  return statSync(file).mtimeMs
}

/** @param {string} text */
function firstError(text) {
  const lines = text.trim().split('\n')
  return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? '').trim()
}
