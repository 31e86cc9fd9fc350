import { existsSync, rmSync } from 'node:fs'
import path from 'node:path'
import { bindingIsReady, compileBinding, linkBinding, packageOf } from './binding.mjs'
import { lastLines, runQuietly } from './child.mjs'
import { SetupError } from './errors.mjs'
import { damageOf, takeInventory } from './inventory.mjs'
import { installLibraries, librariesAreReady, libraryKey, libraryVersion } from './libtensorflow.mjs'
import { canRunTensorFlow } from './machine.mjs'
import { inRoot, inState } from './paths.mjs'
import { findCompiler } from './platform.mjs'
import { readJson, writeJson } from './stamp.mjs'

/** @typedef {import('./libtensorflow.mjs').Kind} Kind */

/**
 * The record of one native backend, which `lib/backend/native.ts` reads.
 *
 * @typedef {{ state: 'ready' | 'missing', reason: string, todo: string, key: string, compiler: string | null, version: string }} NativeRecord
 */

/** @param {Kind} kind */
export const recordFile = (kind) => inState('setup', `native-${kind}.json`)

/** @param {Kind} kind @returns {NativeRecord | null} */
export function readRecord(kind) {
  return /** @type {NativeRecord | null} */ (readJson(recordFile(kind)))
}

/**
 * Returns whether nothing is left to do. A failed attempt is not repeated on every start, but only when its cause may
 * be gone (a compiler appeared, the versions changed), or on `npm run setup`.
 *
 * @param {Kind} kind
 * @param {boolean} retry
 */
export async function nativeIsSettled(kind, retry) {
  const record = readRecord(kind)
  if (!record || record.key !== libraryKey(kind)) return false
  if (record.state === 'missing') return !retry && record.compiler === (await findCompiler())
  if (!librariesAreReady(kind) || !bindingIsReady(kind)) return false
  if (retry && discardDamaged(kind)) return false
  linkBinding(kind)
  return true
}

/**
 * Sets up the native backend and checks that it computes. A failure is recorded with its reason and is not fatal: wasm
 * is used instead.
 *
 * @param {Kind} kind
 * @param {(what: string) => void} say
 * @returns {Promise<NativeRecord>}
 */
export async function setUpNative(kind, say) {
  const compiler = await findCompiler()
  const common = {
    key: libraryKey(kind),
    compiler,
    version: libraryVersion(kind),
  }
  /** @type {NativeRecord} */
  let record
  // Without a record the backend uses what is built, which the smoke test needs.
  rmSync(recordFile(kind), { force: true })
  try {
    await build(kind, compiler, say)
    record = { ...common, state: 'ready', reason: 'built and tested', todo: '' }
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    record = { ...common, state: 'missing', reason: error.message, todo: error.todo }
    if (error.detail) for (const line of error.detail.split('\n')) say(line)
  }
  writeJson(recordFile(kind), record)
  return record
}

/** Removes the libraries and the binding if a file of theirs is damaged. @param {Kind} kind */
function discardDamaged(kind) {
  if (damageOf(`native-${kind}`) === null) return false
  for (const folder of foldersOf(kind)) rmSync(inRoot(folder), { recursive: true, force: true })
  return true
}

/** @param {Kind} kind */
const foldersOf = (kind) => [kind, `${kind}-binding`].map((name) => path.join('.recurlab', 'native', name))

/** @param {Kind} kind @param {string | null} compiler @param {(what: string) => void} say */
async function build(kind, compiler, say) {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch))
    throw new SetupError(
      `The native backend is built on Linux x64 and arm64 only; this machine is ${process.platform} ${process.arch}.`,
      'Nothing to do: the wasm backend is used.',
    )
  if (!canRunTensorFlow())
    throw new SetupError(
      'This processor has no AVX, which TensorFlow needs.',
      'Nothing to do: the wasm backend is used.',
    )
  if (kind === 'gpu' && (process.arch !== 'x64' || !hasNvidiaDriver()))
    throw new SetupError(
      `The GPU backend needs Linux x64 and a loaded NVIDIA driver; found ${process.arch}, ${hasNvidiaDriver() ? 'with' : 'without'} a driver.`,
      'Install the NVIDIA driver (nothing else: the CUDA libraries come with this) and run npm run setup:gpu.',
    )
  if (!compiler)
    throw new SetupError(
      'No C++ compiler (g++, clang++ or c++) was found.',
      'Install one (Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++) and run npm run setup.',
    )
  if (!librariesAreReady(kind)) {
    say(
      `fetching libtensorflow ${libraryVersion(kind)}${kind === 'gpu' ? ' and the CUDA libraries (3 GB)' : ' (230 MB)'}`,
    )
    await installLibraries(kind)
  }
  if (!bindingIsReady(kind)) {
    say('compiling the binding')
    await compileBinding(kind, compiler)
  }
  linkBinding(kind)
  say('computing a gradient')
  await smokeTest(kind)
  takeInventory(`native-${kind}`, foldersOf(kind))
}

/**
 * Runs the backend once in a separate process, so that a library that crashes does not end set-up. @param {Kind} kind
 */
async function smokeTest(kind) {
  const script = inRoot('lib', 'backend', 'smoke.ts')
  const name = kind === 'gpu' ? 'tfjs-node-gpu' : 'tfjs-node'
  const { code, output } = await runQuietly(process.execPath, [inRoot('lib', 'typescript', 'run.mjs'), script], {
    // The fused kernels are tested in their own step.
    env: { RECURLAB_BACKEND: name, RECURLAB_FAST: '0' },
  })
  if (code !== 0)
    throw new SetupError(
      `${packageOf(kind)} was built but does not compute on this machine.`,
      'Run npm run setup again; if that does not help, RECURLAB_BACKEND=wasm works without it.',
      lastLines(output),
    )
}

/** Returns whether the driver of an NVIDIA GPU is loaded. */
export function hasNvidiaDriver() {
  return existsSync('/proc/driver/nvidia/version') || existsSync('/dev/nvidiactl')
}
