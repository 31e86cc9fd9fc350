import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { promisify } from 'node:util'
import { makeFolder, writeFileAtomic } from '../../files/atomic.js'
import { isJsonObject } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { noCommand, refusal } from './commands.js'
import { type Directive, resolveSlurm, type SlurmOptions } from './options.js'
import { command } from './places.js'
import { shellWord } from './script.js'

/** One part of a compute node. `needed`: no run can be trained without it. */
export interface NodeRow {
  readonly name: string
  readonly ok: boolean
  readonly needed: boolean
  readonly found: string
  readonly todo: string
}

/** Returns what a compute node says: `key=value` lines, then the JSON of `recurlab doctor` if Node is there. */
export type AskNode = (script: string) => Promise<string>

/**
 * Runs a tiny job that says what a compute node has and lacks: the shared folder, Node, the C library, the processor, compiled
 * kernels, a GPU. Kernels are compiled by it if the node has a compiler and none fit its processor.
 *
 * @param options as for a sweep: they choose the node
 * @param resultsDir the folder that the nodes should share
 * @throws UserError when srun is missing or refuses.
 */
export async function examineNode(
  options: SlurmOptions,
  resultsDir: string,
  ask: AskNode = srun(options),
): Promise<NodeRow[]> {
  const folder = path.resolve(resultsDir)
  const existed = fs.existsSync(folder)
  makeFolder(folder)
  const word = randomBytes(8).toString('hex')
  const token = path.join(folder, `.doctor-${word}`)
  writeFileAtomic(token, word)
  try {
    return rowsOf(await ask(probe(token)), folder, word, await glibcHere())
  } finally {
    for (const file of [token, answerFile(token)]) fs.rmSync(file, { force: true })
    if (!existed && fs.readdirSync(folder).length === 0) fs.rmSync(folder, { recursive: true, force: true })
  }
}

const answerFile = (token: string): string => `${token}.node`

/** Returns the program of the job. It asks for nothing but a shell, since that may be all the node has. */
function probe(token: string): string {
  const [node, program, file] = [process.execPath, command, token].map(shellWord)
  return `echo "host=$(hostname)"
echo "glibc=$(getconf GNU_LIBC_VERSION 2>/dev/null)"
echo "processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
echo "cores=$(nproc)"
[ -r ${file} ] && echo "token=$(cat ${file})"
(echo x >${shellWord(answerFile(token))}) 2>/dev/null && echo "written=yes"
[ -r ${program} ] && echo "program=yes"
if [ -x ${node} ]; then
  echo "node=$(${node} --version 2>&1 | head -n 1)"
  [ -r ${program} ] && { echo; ${node} ${program} doctor --json; }
fi
exit 0`
}

function srun(options: SlurmOptions): AskNode {
  const { shared, cpus } = resolveSlurm(options)
  const time: Directive[] = shared.some(([name]) => name === 'time') ? [] : [['time', '10']]
  const own: Directive[] = [
    ['job-name', 'recurlab-doctor'],
    ['nodes', '1'],
    ['ntasks', '1'],
    ['cpus-per-task', String(cpus)],
    ['chdir', '/'],
  ]
  const words = [...own, ...time, ...shared].map(([name, value]) => `--${name}${value === null ? '' : `=${value}`}`)
  return (script) =>
    new Promise((resolve, reject) => {
      const env = { ...process.env, RECURLAB_THREADS: String(cpus) }
      const child = spawn('srun', [...words, '/bin/sh', '-c', script], { stdio: ['ignore', 'pipe', 'pipe'], env })
      let [said, errors] = ['', '']
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors += text
        // Srun says there that the job waits for a node.
        process.stderr.write(text)
      })
      child.on('error', (error: NodeJS.ErrnoException) => reject(error.code === 'ENOENT' ? noCommand('srun') : error))
      child.on('close', (code) => {
        if (code === 0) resolve(said)
        else reject(refusal('srun', errors))
      })
    })
}

/** Returns the rows of a report. @param said see {@link AskNode} @param glibc version of the C library on this machine */
function rowsOf(said: string, folder: string, word: string, glibc: string): NodeRow[] {
  const blank = said.indexOf('\n\n')
  const facts = new Map(
    (blank < 0 ? said : said.slice(0, blank)).split('\n').flatMap((line): [string, string][] => {
      const at = line.indexOf('=')
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    }),
  )
  const has = (name: string): string => facts.get(name) ?? ''
  const isShared = has('token') === word && has('written') === 'yes'
  return [
    row('compute node', true, true, `${has('host')}, ${has('cores')} cores`),
    row(
      'shared folder',
      isShared,
      true,
      has('token') !== word
        ? `the node does not see ${folder}`
        : isShared
          ? `the node reads and writes ${folder}`
          : `the node cannot write to ${folder}`,
      'Put results on a file system that all nodes mount, with out=DIR.',
    ),
    row(
      'checkout',
      has('program') === 'yes',
      true,
      has('program') === 'yes' ? `the node sees ${command}` : `the node does not see ${command}`,
      'Put the checkout on a file system that all nodes mount.',
    ),
    row(
      'Node',
      has('node') !== '',
      true,
      has('node') === '' ? `the node has no ${process.execPath}` : has('node'),
      'Start recurlab here with a Node on a file system that all nodes mount, or install it in the same place there.',
    ),
    row(
      'C library',
      !isOlder(has('glibc'), glibc),
      false,
      `${has('glibc') || 'not glibc'}; here ${glibc || 'not glibc'}`,
      'What was compiled here may not load there: run npm run setup on a node of the older kind.',
    ),
    row('processor', true, false, has('processor') || 'unknown'),
    ...(has('node') === '' || has('program') === '' ? [] : doctorRows(blank < 0 ? '' : said.slice(blank).trim())),
  ]
}

/** Returns the rows of `recurlab doctor` on the node that matter to training. */
function doctorRows(text: string): NodeRow[] {
  const report = parsed(text)
  if (report === null)
    return [row('recurlab doctor', false, true, text.split('\n')[0] || 'no answer', 'Run npm run setup on that node.')]
  const rows = report.rows.filter(
    ({ name, ok, needed }) => ['backend', 'GPU', 'memory'].includes(name) || (!ok && needed),
  )
  if (report.kernels === null) return rows
  const { units, reason } = report.kernels
  const todo = 'Plain operations are used, more slowly: give the nodes a C++ compiler, or run this on a node with one.'
  return [...rows, row('compiled kernels', units, false, reason, todo)]
}

interface DoctorReport {
  readonly rows: readonly NodeRow[]
  readonly kernels: { readonly units: boolean; readonly reason: string } | null
}

function parsed(text: string): DoctorReport | null {
  try {
    const report: unknown = JSON.parse(text)
    if (!isJsonObject(report) || !Array.isArray(report.rows)) return null
    const backend = isJsonObject(report.backend) ? report.backend : {}
    const fast = isJsonObject(backend.fast) ? backend.fast : null
    const kernels = fast && { units: fast.units !== null, reason: String(fast.reason) }
    return { rows: report.rows as NodeRow[], kernels }
  } catch {
    return null
  }
}

function row(name: string, ok: boolean, needed: boolean, found: string, todo = ''): NodeRow {
  return { name, ok, needed, found, todo: ok ? '' : todo }
}

/** Returns whether a version such as `glibc 2.31` is older than another; false when one is unknown. */
export function isOlder(version: string, other: string): boolean {
  const parts = (text: string): number[] => (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number)
  const [a, b] = [parts(version), parts(other)]
  if (version === '' || other === '') return false
  const at = a.findIndex((number, i) => number !== (b[i] ?? 0))
  return at >= 0 && a[at]! < (b[at] ?? 0)
}

async function glibcHere(): Promise<string> {
  try {
    return (await promisify(execFile)('getconf', ['GNU_LIBC_VERSION'])).stdout.trim()
  } catch {
    return ''
  }
}
