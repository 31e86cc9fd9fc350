import { spawn } from 'node:child_process'
import path from 'node:path'
import { z } from 'zod'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'
import type { Answer } from './advisory.js'
import { reachOfPython } from './reach.js'

const TIMEOUT_MS = 300_000

/** Lists of Python packages in `lib/setup`, and what is made of them. */
const LISTS = ['requirements.txt', 'native-cpu.txt', 'native-gpu.txt'] as const
export type PythonList = (typeof LISTS)[number]

const answerSchema = z.object({
  asked: z.int(),
  answered: z.int(),
  advisories: z.array(
    z.object({
      package: z.string(),
      version: z.string(),
      id: z.string(),
      aliases: z.array(z.string()),
      summary: z.string(),
      fixedIn: z.array(z.string()),
      link: z.string(),
    }),
  ),
  reason: z.string().nullable(),
})

/** Returns the packages of a list of set-up with their versions. */
export function lockedPackages(list: PythonList): [name: string, version: string][] {
  const text = fs.readFileSync(path.join(projectFolder, 'lib', 'setup', list), 'utf8')
  return [...text.matchAll(/^([A-Za-z0-9._-]+)==([^\s;\\]+)/gm)].map(([, name, version]) => [name!, version!])
}

/** Asks the Python package index of pip's settings about the locked packages, those that give the native library too. */
export async function auditPython(environment: NodeJS.ProcessEnv = process.env): Promise<Answer> {
  const lists = new Map<string, PythonList>()
  for (const list of LISTS)
    for (const [name, version] of lockedPackages(list))
      if (!lists.has(`${name} ${version}`)) lists.set(`${name} ${version}`, list)
  const packages = [...lists.keys()].map((text) => text.split(' '))
  const python = path.join(projectFolder, '.venv', 'bin', 'python')
  const fail = (problem: string): Answer => ({ registry: 'Python', packages: packages.length, advisories: [], problem })
  if (!fs.existsSync(python)) return fail('there is no .venv: npm run setup makes it')
  let parsed: z.infer<typeof answerSchema>
  try {
    parsed = answerSchema.parse(JSON.parse(await ask(python, JSON.stringify(packages), environment)))
  } catch (error) {
    return fail(error instanceof SyntaxError || error instanceof z.ZodError ? 'Python did not answer' : String(error))
  }
  const { asked, answered, advisories, reason } = parsed
  return {
    registry: 'Python',
    packages: packages.length,
    advisories: advisories.map(({ package: name, version, id, aliases, summary, fixedIn, link }) => ({
      registry: 'Python',
      package: name,
      version,
      severity: null,
      advisory: [id, ...aliases].join(', '),
      summary: summary.split('\n')[0]!.slice(0, 300),
      link,
      fixedIn: fixedIn.join(', ') || null,
      reached: reachOfPython(lists.get(`${name} ${version}`) ?? 'requirements.txt'),
    })),
    problem: answered === asked ? null : `${answered} of ${asked} packages were answered for (${reason})`,
  }
}

function ask(python: string, packages: string, environment: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve) => {
    const script = path.join(projectFolder, 'lib', 'cli', 'audit', 'advisories.py')
    const child = spawn(python, [script], { env: environment, stdio: ['pipe', 'pipe', 'ignore'], timeout: TIMEOUT_MS })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8')
    })
    child.on('error', () => resolve(''))
    child.on('close', () => resolve(output))
    child.stdin.on('error', () => {})
    child.stdin.end(packages)
  })
}
