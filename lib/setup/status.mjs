import { bindingIsReady } from './binding.mjs'
import { firstLine } from './child.mjs'
import { reasonOf } from './errors.mjs'
import { damageOf } from './inventory.mjs'
import { kernelsAreReady } from './kernels.mjs'
import { kernelspecIsReady } from './kernelspec.mjs'
import { librariesAreReady } from './libtensorflow.mjs'
import { hasNvidiaDriver, readRecord } from './native.mjs'
import { packagesAreReady } from './packages.mjs'
import { checkSystem, findCompiler, findPython } from './platform.mjs'
import { venvIsReady } from './venv.mjs'

/** @typedef {{ name: string, ok: boolean, needed: boolean, found: string, todo: string }} StatusRow */

const AGAIN = 'Run npm run setup.'

/** Prints as JSON what is set up and what is missing, for `recurlab doctor`. Changes nothing. */
export async function status() {
  process.stdout.write(`${JSON.stringify(await rows())}\n`)
  return 0
}

/** @returns {Promise<StatusRow[]>} */
async function rows() {
  const [node, python, compiler] = await Promise.all([
    attempt(checkSystem),
    attempt(pythonFound),
    attempt(compilerFound),
  ])
  return [
    { name: 'node', needed: true, ...node },
    { name: 'python', needed: true, ...python },
    { name: 'compiler', needed: false, ...compiler },
    row('npm packages', packagesAreReady(), true, 'as package-lock.json asks for', damageOf('npm')),
    row('.venv', venvIsReady(), true, 'as lib/setup/requirements.txt asks for', damageOf('venv')),
    row('kernelspec', kernelspecIsReady(), true, 'recurlab, in .venv'),
    nativeRow('cpu'),
    row('fused kernels', kernelsAreReady(), false, 'compiled for this processor'),
    ...(hasNvidiaDriver() ? [nativeRow('gpu')] : []),
  ]
}

/**
 * @param {string} name
 * @param {boolean} ok
 * @param {boolean} needed
 * @param {string} found
 * @param {string | null} [damage]
 * @returns {StatusRow}
 */
function row(name, ok, needed, found, damage = null) {
  if (ok && damage !== null) return { name, ok: false, needed, found: damage, todo: AGAIN }
  return { name, ok, needed, found: ok ? found : 'missing or out of date', todo: ok ? '' : AGAIN }
}

/** @param {import('./libtensorflow.mjs').Kind} kind @returns {StatusRow} */
function nativeRow(kind) {
  const record = readRecord(kind)
  const name = kind === 'gpu' ? 'GPU backend' : 'native backend'
  const todo = kind === 'gpu' ? 'Run npm run setup:gpu.' : AGAIN
  if (record?.state === 'missing') return { name, ok: false, needed: false, found: record.reason, todo: record.todo }
  const ok = record !== null && librariesAreReady(kind) && bindingIsReady(kind)
  const whole = row(name, ok, false, `libtensorflow ${record?.version}`, damageOf(`native-${kind}`))
  return { ...whole, todo: whole.ok ? '' : todo }
}

async function pythonFound() {
  const { command, version } = await findPython()
  return `${version} (${command})`
}

async function compilerFound() {
  const compiler = await findCompiler()
  if (!compiler) throw new Error('none')
  return (await firstLine(compiler, ['--version'])) ?? compiler
}

/** @param {() => string | Promise<string>} look @returns {Promise<{ ok: boolean, found: string, todo: string }>} */
async function attempt(look) {
  try {
    return { ok: true, found: await look(), todo: '' }
  } catch (error) {
    const todo = error instanceof Error && 'todo' in error ? String(error.todo) : 'Install g++ and run npm run setup.'
    return { ok: false, found: reasonOf(error), todo }
  }
}
