import path from 'node:path'
import { configSchema } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import { checkReportFile, writeReport } from '../../experiment/report/report.js'
import { type ReportSubject, subjectOfPlan, subjectOfRuns } from '../../experiment/report/subject.js'
import { isSweep, readPlan } from '../../experiment/sweep/plan.js'
import { storedRunsOf } from '../../results/comparison.js'
import { resultsFolder } from '../../results/layout.js'
import { DEFAULT_RESULTS, listRuns } from '../../results/run.js'
import { type Command, wrongUse } from '../command.js'
import { onDone } from '../interrupt.js'
import { given, onlyKeys, wholeOf } from '../keys.js'
import { reportDamaged } from '../output.js'
import { FILTERS, filterOf } from '../runs-filter.js'

const KEYS = ['out', 'question', 'title', 'reported', 'puzzles', 'results'] as const
const CONFIG_KEYS = Object.keys(configSchema.shape)

/** `recurlab report RUN …|SWEEP`. */
export const command: Command = {
  help: [
    'RUN is the ID of a run, a prefix of it, or its folder; SWEEP is the name of a sweep, a prefix of it, or the folder of its plan. The file needs no network and no script, and prints on A4: question, coverage, differences of configuration, curves, tables with intervals, verdicts, figures, solved and failed puzzles, provenance.',
    {
      title: 'Filter',
      rows: [
        ['KEY=VALUE', 'In place of RUN: all runs with this value of a configuration key, e.g. task=sudoku mixer=mlp.'],
        ['state=, ended=, since=, before=, name=, note=, tag=', 'In place of RUN: as in recurlab runs.'],
      ],
    },
    {
      title: 'Options',
      rows: [
        ['out=FILE', 'File to write. Default: reports/NAME.html in the results folder.'],
        ['--out FILE', 'Does what out=FILE does.'],
        ['question=TEXT', 'The question that the runs answer. Default: their note.'],
        ['title=TEXT', 'Default: the name of the sweep, or the number of runs.'],
        ['reported=TABLE', 'Published results beside exact accuracy, e.g. reported=1; recurlab reported lists them.'],
        ['puzzles=N', 'Number of solved, and of failed, puzzles of each of the best configurations. Default: 2.'],
        ['results=DIR', `Results folder. Default: ${DEFAULT_RESULTS}.`],
      ],
    },
  ],
  example: 'report sudoku-6-runs out=mixers.html question="Does attention help?"',
  onSignal: 'No report was written: the same command writes it.',
  flags: { out: true },
  async run({ words, pairs, flags }) {
    const keys = onlyKeys(pairs, [...KEYS, ...FILTERS, ...CONFIG_KEYS])
    const flag = flags.get('out')
    if (typeof flag === 'string' && keys.out !== undefined) throw wrongUse('out=FILE or --out FILE', 'both')
    const puzzles = wholeOf('puzzles', keys.puzzles, 0)
    const results = keys.results ?? DEFAULT_RESULTS
    const out = typeof flag === 'string' ? flag : keys.out
    if (out !== undefined) checkReportFile(out)
    const filter = new Map([...pairs].filter(([key]) => !(KEYS as readonly string[]).includes(key)))
    const subject = subjectFor(words, filter, results)
    if (subject.runs.all.length === 0 && subject.coverage === null) throw noRun(subject, results)
    const file = out ?? path.join(resultsFolder(results), 'reports', `${fileName(subject)}.html`)
    await writeReport(subject, file, {
      ...given({ question: keys.question, title: keys.title, puzzles }),
      ...(keys.reported === undefined ? {} : { reported: { table: keys.reported } }),
    })
    onDone()
    reportDamaged(subject.damaged)
    process.stdout.write(`${file}: written, ${countText(subject)}\n`)
    return subject.damaged.length > 0 ? 1 : 0
  },
}

/** Returns the runs or the sweep that a command line names. @throws UserError (exit code 2) when there is none */
function subjectFor(words: readonly string[], filter: ReadonlyMap<string, string>, results: string): ReportSubject {
  const [word] = words
  if (word === undefined) {
    if (filter.size === 0) throw wrongUse('runs, one sweep, or KEY=VALUE', 'none')
    return filteredRuns(filter, results)
  }
  const [key] = filter.keys()
  if (key !== undefined) throw wrongUse('either runs or KEY=VALUE', `${word} and ${key}=`)
  if (!isSweep(word, results)) return subjectOfRuns(words, results)
  if (words.length > 1) throw wrongUse('one sweep, or runs', words.join(' '))
  return subjectOfPlan(readPlan(word, results))
}

function filteredRuns(filter: ReadonlyMap<string, string>, results: string): ReportSubject {
  const { runs, damaged } = storedRunsOf(listRuns(results))
  const chosen = runs.filter(filterOf(filter, runs)).map(({ dir }) => dir)
  const subject = subjectOfRuns(chosen)
  return { ...subject, damaged: [...damaged, ...subject.damaged] }
}

function noRun({ damaged }: ReportSubject, results: string): UserError {
  const [first] = damaged
  return new UserError(
    first
      ? `run ${first.id} cannot be read: ${first.problem}`
      : { where: results, expected: 'at least one run as asked', found: 'none', exitCode: 2 },
  )
}

function fileName({ runs, coverage }: ReportSubject): string {
  if (coverage) return coverage.plan.id
  const [first, ...others] = runs.all
  return others.length === 0 ? first!.id : `${first!.id}-and-${others.length}-more`
}

function countText({ runs, coverage }: ReportSubject): string {
  if (coverage) return coverage.text()
  return `${runs.all.length} ${runs.all.length === 1 ? 'run' : 'runs'}`
}
