import path from 'node:path'
import { UserError } from '../../errors.js'
import { writeFileAtomic } from '../../files/atomic.js'
import type { ReportedFilter } from '../../results/reported.js'
import type { Runs } from '../compare/runs.js'
import { configurationSection } from './configuration-section.js'
import { coverageSection } from './coverage-section.js'
import { curvesSection, figuresSection } from './figures-section.js'
import { pageHtml } from './page.js'
import { provenanceSection } from './provenance-section.js'
import { puzzlesSection } from './puzzles-section.js'
import { resultsSection } from './results-section.js'
import { type ReportSubject, subjectOf } from './subject.js'
import { verdictsOn, verdictsSection } from './verdicts-section.js'

/** Options of a report. */
export interface ReportOptions {
  /** The question that the runs answer. Default: the note of the sweep, or the note that all runs share. */
  readonly question?: string
  /** Default: the name of the sweep, or the number of runs. */
  readonly title?: string
  /** Published results in the table of exact accuracy. Default: none. */
  readonly reported?: ReportedFilter
  /** Number of solved, and of failed, puzzles that are drawn of each of the best configurations. Default 2. */
  readonly puzzles?: number
}

/**
 * Writes a report of runs as one HTML file that needs no network and no script, and prints on A4: question, coverage,
 * differences of configuration, curves, tables with intervals, verdicts, figures, solved and failed puzzles, provenance. Equal runs
 * give equal files.
 *
 * @param file name that ends in `.html`; its folder is created
 * @example
 * await writeReport(runs, 'mixers.html', { question: 'Does attention help on 4×4 Sudoku?' })
 * @returns the file's path
 * @throws UserError for another extension, and when the file cannot be written.
 */
export async function writeReport(
  runs: Runs | ReportSubject,
  file: string,
  options: ReportOptions = {},
): Promise<string> {
  checkReportFile(file)
  writeFileAtomic(file, await reportHtml('damaged' in runs ? runs : subjectOf(runs), options))
  return file
}

/** Refuses a file that is not HTML. @throws UserError (exit code 2) */
export function checkReportFile(file: string): void {
  if (path.extname(file) === '.html') return
  throw new UserError({
    where: file,
    expected: 'a name that ends in .html',
    found: path.extname(file) || 'no extension',
    exitCode: 2,
  })
}

/** Returns a report as HTML; see {@link writeReport}. */
export async function reportHtml(subject: ReportSubject, options: ReportOptions = {}): Promise<string> {
  const { runs, title, question } = subject
  const { puzzles = 2 } = options
  const verdicts = verdictsOn(runs)
  const answer = verdicts[0]?.text ?? null
  return pageHtml({ title: options.title ?? title, question: options.question ?? question, answer }, [
    coverageSection(subject),
    configurationSection(runs),
    await curvesSection(runs),
    resultsSection(runs, options.reported),
    verdictsSection(runs, verdicts),
    await figuresSection(runs),
    ...(puzzles > 0 ? [await puzzlesSection(runs, puzzles)] : []),
    provenanceSection(runs),
  ])
}
