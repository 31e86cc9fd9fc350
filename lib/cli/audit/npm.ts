import { execFile } from 'node:child_process'
import path from 'node:path'
import { z } from 'zod'
import { readJson } from '../../files/json.js'
import { projectFolder } from '../../files/places.js'
import type { Advisory, Answer } from './advisory.js'
import { reachOfNpm } from './reach.js'

const TIMEOUT_MS = 60_000

const viaSchema = z.union([
  z.string(),
  z.object({
    name: z.string(),
    title: z.string(),
    url: z.string().optional(),
    severity: z.string(),
    range: z.string(),
  }),
])

const reportSchema = z.object({
  auditReportVersion: z.literal(2),
  vulnerabilities: z.record(
    z.string(),
    z.object({
      name: z.string(),
      via: z.array(viaSchema),
      nodes: z.array(z.string()),
      fixAvailable: z.union([z.boolean(), z.object({ name: z.string(), version: z.string() })]),
    }),
  ),
})

const errorSchema = z.object({ message: z.string().optional(), error: z.object({ summary: z.string() }).optional() })

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      dev: z.boolean().optional(),
      dependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
})

/** The content of `package-lock.json` that matters here: packages by their folder. */
export type NpmLock = z.infer<typeof lockSchema>['packages']

/** Asks npm's registry, through the npm client, about the packages of `package-lock.json`. */
export async function auditNpm(environment: NodeJS.ProcessEnv = process.env): Promise<Answer> {
  const lock = lockSchema.parse(readJson(path.join(projectFolder, 'package-lock.json'))).packages
  const packages = Object.keys(lock).length - 1
  const text = await npmAudit(environment)
  try {
    return { registry: 'npm', packages, ...readNpmAudit(text, lock) }
  } catch {
    return { registry: 'npm', packages, advisories: [], problem: problemIn(text) }
  }
}

/** Returns what `npm audit --json` reported. @throws Error when it is no report. */
export function readNpmAudit(text: string, lock: NpmLock): Pick<Answer, 'advisories' | 'problem'> {
  const { vulnerabilities } = reportSchema.parse(JSON.parse(text))
  const advisories = Object.values(vulnerabilities).flatMap(({ name, via, nodes, fixAvailable }) =>
    via.flatMap((reason): Advisory[] => {
      // A text names another package of the report, which carries the advisory itself.
      if (typeof reason === 'string' || reason.name !== name) return []
      const versions = [...new Set(nodes.map((node) => lock[node]?.version ?? 'unknown'))]
      const fixed = typeof fixAvailable === 'object' ? ` (with ${fixAvailable.name} ${fixAvailable.version})` : ''
      return versions.map((version) => ({
        registry: 'npm',
        package: name,
        version,
        severity: reason.severity,
        advisory: reason.url?.split('/').at(-1) ?? 'without a number',
        summary: reason.title,
        link: reason.url ?? '',
        fixedIn: fixAvailable === false ? null : `outside ${reason.range}${fixed}`,
        reached: reachOfNpm(name, nodes, lock),
      }))
    }),
  )
  return { advisories, problem: null }
}

function problemIn(text: string): string {
  try {
    const { message, error } = errorSchema.parse(JSON.parse(text))
    return (error?.summary || message || 'no reason given').replace(/https?:\S+/g, 'the registry')
  } catch {
    return text.trim().split('\n').at(-1)?.slice(0, 200) || 'npm did not answer'
  }
}

/** Runs `npm audit`; its exit code only says whether something is known. */
function npmAudit(environment: NodeJS.ProcessEnv): Promise<string> {
  const args = [
    'audit',
    '--json',
    '--package-lock-only',
    '--audit-level=none',
    '--fetch-retries=1',
    '--fetch-timeout=20000',
  ]
  return new Promise((resolve) => {
    const options = { cwd: projectFolder, env: environment, timeout: TIMEOUT_MS, maxBuffer: 2 ** 26 }
    execFile('npm', args, options, (error, stdout, stderr) => resolve(stdout || stderr || (error?.message ?? '')))
  })
}
