import { formatTable } from '../../results/text.js'
import type { Answer } from './advisory.js'
import { auditNpm } from './npm.js'
import { auditPython } from './python.js'

/** Exit code when a registry could not be asked about every package (EX_UNAVAILABLE), and nothing is known from the others. */
export const NOT_ASKED = 69

/** Asks the registries what is known against the locked packages. */
export function audit(): Promise<Answer[]> {
  return Promise.all([auditNpm(), auditPython()])
}

/** Returns the exit code of an audit: 0 nothing is known, 1 something is, {@link NOT_ASKED}. */
export function auditCode(answers: readonly Answer[]): number {
  if (answers.some(({ advisories }) => advisories.length > 0)) return 1
  return answers.some(({ problem }) => problem !== null) ? NOT_ASKED : 0
}

/** Returns the answers as text: a table of advisories, then one line for each registry. */
export function auditText(answers: readonly Answer[]): string {
  const rows = answers.flatMap(({ advisories }) => advisories)
  const table = formatTable(
    rows.map((row) => ({
      package: row.package,
      version: row.version,
      severity: row.severity ?? 'not given',
      advisory: row.advisory,
      'fixed in': row.fixedIn ?? 'none known',
      reached: row.reached,
    })),
  )
  const notes = rows.map((row) => `${row.advisory}: ${row.summary}${row.link === '' ? '' : ` ${row.link}`}`)
  const lines = answers.map(({ registry, packages, advisories, problem }) => {
    const known =
      advisories.length === 0
        ? 'nothing'
        : `${advisories.length} ${advisories.length === 1 ? 'advisory' : 'advisories'}`
    if (problem === null) return `${registry}: ${known} known against ${packages} locked packages.`
    return `${registry}: could not be asked about all of ${packages} locked packages: ${problem}. Known from what was answered: ${known}.`
  })
  return `${[...(rows.length > 0 ? [table, '', ...notes, ''] : []), ...lines].join('\n')}\n`
}
