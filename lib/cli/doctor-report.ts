import { columns, type HelpRow } from './help.js'

/** One line of a report on a machine. */
export interface DoctorRow {
  readonly name: string
  readonly ok: boolean
  /** Whether nothing works without it. */
  readonly needed: boolean
  readonly found: string
  /** How to supply it. */
  readonly todo: string
}

/** Returns a report as text. @param end its last sentence */
export function doctorReport(rows: readonly DoctorRow[], end: string): string {
  const lines = rows.map(({ name, ok, needed, found, todo }): HelpRow => {
    const state = ok ? 'ok' : needed ? 'MISSING' : 'absent'
    return [`${state.padEnd(8)} ${name}`, todo === '' ? found : `${found}\n${todo}`]
  })
  return `${columns(lines).join('\n')}\n\n${end}\n`
}

/** Returns whether everything that is needed is there. */
export function hasNeeded(rows: readonly DoctorRow[]): boolean {
  return rows.every((row) => row.ok || !row.needed)
}
