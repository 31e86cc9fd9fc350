import { execFile } from 'node:child_process'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { type BackendChoice, startBackend } from '../../backend/index.js'
import { type Units, unitText } from '../../backend/kernels.js'
import { nvidiaGpus } from '../../backend/machine.js'
import { UserError } from '../../errors.js'
import { systemReason } from '../../files/atomic.js'
import { fileOperations as fs } from '../../files/operations.js'
import { curves } from '../../plot/curves.js'
import { drawFigure } from '../../plot/static.js'
import { audit, auditCode, auditText } from '../audit/audit.js'
import { type Command, noWords } from '../command.js'
import { doctorReport, hasNeeded } from '../doctor-report.js'
import { onlyKeys } from '../keys.js'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
const GIB = 2 ** 30
/** Peak memory of `npm start` during training, in bytes, as the notebook estimates it. */
const MEMORY_NEEDED = 1.5 * GIB
/** Bytes of disk for the results and checkpoints of the first notebooks, with a margin. */
const DISK_NEEDED = 1 * GIB

const COMPLETE = 'Everything that npm start needs is present.'
/** A pointer to what is not part of a machine. */
const STORED = 'What is stored here is checked by: recurlab verify.'
const INCOMPLETE = 'Something that npm start needs is missing: see MISSING above.'

/** One line of the report. `needed`: `npm start` does not work without it. */
const rowSchema = z.strictObject({
  name: z.string(),
  ok: z.boolean(),
  needed: z.boolean(),
  found: z.string(),
  todo: z.string(),
})
type Row = z.infer<typeof rowSchema>

/** `recurlab doctor`. */
export const command: Command = {
  help: [
    'Checks Node, Python, the compiler, the npm packages, .venv, the kernelspec, the backends, memory and disk, and draws one figure. It changes nothing. A missing optional part is not a failure. Exit code 0 if everything that npm start needs is present, else 1.',
    {
      title: 'Options',
      rows: [
        ['--json', 'Prints the report as JSON: { ok, backend, rows: [{ name, ok, needed, found, todo }] }.'],
        [
          '--audit',
          'Asks the registries instead what is known against the locked npm and Python packages. Exit code 0: nothing is; 1: something is; 69: a registry could not be asked. With --json: [{ registry, packages, problem, advisories }].',
        ],
      ],
    },
    {
      title: 'Environment',
      rows: [
        ['RECURLAB_BACKEND', 'Backend: tfjs-node-gpu, tfjs-node, wasm or cpu. Default: the fastest that works.'],
        ['RECURLAB_THREADS', 'Threads. Default: as many as there are cores.'],
        [
          'RECURLAB_CHROMIUM',
          "Path of the browser that draws figures, or none. Default: the system's Chromium, Chrome or Edge, else kaleido.",
        ],
      ],
    },
  ],
  example: 'doctor --json',
  flags: { json: false, audit: false },
  async run({ words, pairs, flags }) {
    noWords(words)
    onlyKeys(pairs, [])
    if (flags.has('audit')) {
      const answers = await audit()
      process.stdout.write(flags.has('json') ? `${JSON.stringify(answers, null, 2)}\n` : auditText(answers))
      return auditCode(answers)
    }
    const backend = await tryBackend()
    const rows = [...(await setupRows()), backendRow(backend), await figuresRow(), gpuRow(), memoryRow(), diskRow()]
    const ok = hasNeeded(rows)
    const choice = backend instanceof UserError ? null : backend
    if (flags.has('json')) process.stdout.write(`${JSON.stringify({ ok, backend: choice, rows }, null, 2)}\n`)
    else process.stdout.write(doctorReport(rows, `${ok ? COMPLETE : INCOMPLETE}\n${STORED}`))
    return ok ? 0 : 1
  },
}

/** Returns the state of set-up, determined in a separate process: set-up must not depend on what it installs. */
async function setupRows(): Promise<Row[]> {
  const script = path.join(root, 'lib', 'setup', 'main.mjs')
  const { stdout } = await promisify(execFile)(process.execPath, [script, 'status'], { encoding: 'utf8' })
  return z.array(rowSchema).parse(JSON.parse(stdout))
}

async function tryBackend(): Promise<BackendChoice | UserError> {
  try {
    return await startBackend()
  } catch (error) {
    if (error instanceof UserError) return error
    throw error
  }
}

function backendRow(backend: BackendChoice | UserError): Row {
  const common = { name: 'backend', needed: true }
  if (backend instanceof UserError) return { ...common, ok: false, found: backend.message, todo: '' }
  const { name, tfjsVersion, libraryVersion, threads, instructionSet, device, reason, loadMs, fast } = backend
  const library = libraryVersion === null ? '' : ` with TensorFlow ${libraryVersion}`
  const found = [
    `${name}: TensorFlow.js ${tfjsVersion}${library}`,
    `${threads} ${threads === 1 ? 'thread' : 'threads'} on ${device} (${instructionSet})`,
    fast.units ? `fused kernels, ${unitsText(fast.units)}` : `plain operations (${fast.reason})`,
    `loaded in ${loadMs.toFixed(0)} ms`,
    reason,
  ].join('; ')
  return { ...common, ok: true, found, todo: '' }
}

function unitsText(units: Units): string {
  const types = units.bfloat16 ? (['float32', 'bfloat16'] as const) : (['float32'] as const)
  return types.map((dtype) => `${dtype} with ${unitText(units, dtype)}`).join(', ')
}

/** SVG figures need a working browser engine, which only drawing one can prove. */
async function figuresRow(): Promise<Row> {
  const common = { name: 'figures', needed: false }
  try {
    const { engine } = await drawFigure(curves([{ name: 'a', x: [0, 1], y: [0, 1] }]), 'svg')
    return { ...common, ok: true, found: `${engine} draws them`, todo: '' }
  } catch (error) {
    const todo = 'Notebooks still show figures; reports and saved files cannot contain them.'
    return { ...common, ok: false, found: systemReason(error), todo }
  }
}

function gpuRow(): Row {
  const gpus = nvidiaGpus()
  const found = gpus.length > 0 ? gpus.join(', ') : 'none; the CPU is used'
  return { name: 'GPU', needed: false, ok: true, found, todo: '' }
}

function memoryRow(): Row {
  const free = availableMemory()
  const ok = free >= MEMORY_NEEDED
  const todo = ok ? '' : `Close other programs: ${gib(MEMORY_NEEDED)} is needed.`
  return { name: 'memory', needed: true, ok, found: `${gib(free)} of ${gib(os.totalmem())} free`, todo }
}

function diskRow(): Row {
  const { bavail, bsize } = fs.statfsSync(root)
  const free = bavail * bsize
  const ok = free >= DISK_NEEDED
  const todo = ok ? '' : `Free some space: ${gib(DISK_NEEDED)} is needed.`
  return { name: 'disk', needed: true, ok, found: `${gib(free)} free`, todo }
}

/**
 * Returns the bytes of memory available to programs. Linux counts its caches as used, so its own estimate comes first.
 */
function availableMemory(): number {
  if (process.platform !== 'linux') return os.freemem()
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(fs.readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return kilobytes === undefined ? os.freemem() : Number(kilobytes) * 1024
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`
}
