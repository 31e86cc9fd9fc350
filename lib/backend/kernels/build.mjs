// Compiles the fused kernels for the machine at hand. Node's own modules only: set-up runs it before any package is there.
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
  // Nobody looks at errno or at floating-point traps; unlike -ffast-math this changes no result.
  ...['-fno-math-errno', '-fno-trapping-math'],
]
/** Builds that are kept: a shared folder serves machines of several kinds. */
const KEPT = 8
const HOUR = 3_600_000

/** @param {string} root the checkout */
const sourceFolder = (root) => path.join(root, 'lib', 'backend', 'kernels')

/**
 * Names the sources, the flags, the library they are linked with, and the processor: what is built for one processor is
 * never loaded on another.
 *
 * @param {string} root the checkout
 * @param {string} [machine] default: the one at hand
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

/** The processor's name and everything it can do. */
function processor() {
  const file = '/proc/cpuinfo'
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  const found = ['model name', 'flags', 'Features', 'CPU part'].map((key) => lines.find((line) => line.startsWith(key)))
  return [process.arch, os.cpus()[0]?.model, ...found].join('\n')
}

/** Where the library of a key lies. @param {string} root @param {string} key */
function kernelsFile(root, key) {
  return path.join(root, '.recurlab', 'native', 'kernels', key, LIBRARY)
}

/** Why a library could not be built. @param {string} file of the library */
const failureFile = (file) => `${path.dirname(file)}.txt`

/**
 * The library for this processor, or why it cannot be built; null where nobody has tried.
 *
 * @param {string} root the checkout
 * @returns {{ file: string, problem: null } | { file: null, problem: string } | null}
 */
export function knownKernels(root) {
  const file = kernelsFile(root, kernelsKey(root))
  if (existsSync(file)) return { file, problem: null }
  const failure = failureFile(file)
  return existsSync(failure) ? { file: null, problem: readFileSync(failure, 'utf8') } : null
}

/**
 * Notes that a library must not be used, and removes it.
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
 * Compiles the kernels, unless that is done already, or the same sources did not compile before.
 *
 * @param {string} root the checkout
 * @param {{ retry?: boolean, onStart?: () => void }} [options] retry: also what failed before
 * @returns {Promise<{ file: string, problem: null } | { file: null, problem: string }>}
 */
export async function buildKernels(root, { retry = false, onStart } = {}) {
  const known = knownKernels(root)
  if (known && (known.file !== null || !retry)) return known
  const compiler = await findCompiler()
  if (!compiler) return { file: null, problem: 'no C++ compiler is here' }
  const library = path.join(root, '.recurlab', 'native', 'cpu')
  if (!existsSync(path.join(library, 'tensorflow', 'libtensorflow_cc.so.2')))
    return { file: null, problem: 'libtensorflow is not here' }
  onStart?.()
  const file = kernelsFile(root, kernelsKey(root))
  // Not in set-up's work folder: a set-up that begins now would sweep it away. Another machine may have the same process ID.
  const work = `${path.dirname(file)}.${randomBytes(4).toString('hex')}.${process.pid}`
  try {
    mkdirSync(work, { recursive: true })
    await compile(root, compiler, library, work)
    // Another process may have built the same meanwhile; then its folder stays.
    if (!existsSync(file)) renameSync(work, path.dirname(file))
    rmSync(failureFile(file), { force: true })
    removeOld(path.dirname(path.dirname(file)))
  } catch (error) {
    if (!existsSync(file)) {
      const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
      const problem = `${path.basename(compiler)} could not compile them: ${firstError(text)}`
      // What the compiler has against the sources holds until they change; a full disk or a Ctrl-C does not.
      if (/: (fatal )?error: /.test(text)) refuseKernels(file, problem)
      return { file: null, problem }
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return { file, problem: null }
}

/**
 * One object a source, as many at a time as there are cores, then the library.
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

/** Removes the builds that were made longest ago, and what a process that was killed left of its own. @param {string} folder */
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
