import { configSchema } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import { writeData } from '../../escape/terminal.js'
import { fileOperations as fs } from '../../files/operations.js'
import { isRefused } from '../../files/system-errors.js'
import { Comparison, type StoredRun, storedRun, storedRunsOf } from '../../results/comparison.js'
import { type LabelOptions, newLabel, readLabel, writeLabel } from '../../results/label.js'
import {
  checkpointsOf,
  DEFAULT_RESULTS,
  listRuns,
  openRun,
  type RunListing,
  type RunRecord,
} from '../../results/run.js'
import { type Command, wrongUse } from '../command.js'
import { onlyKeys, wholeOf } from '../keys.js'
import { LISTING_CODE, reportDamaged } from '../output.js'
import { FILTERS, filterOf } from '../runs-filter.js'
import { inOrder } from '../runs-order.js'
import { STATISTICS_KEYS, statisticsAsked, statisticsText } from '../runs-statistics.js'
import { runsText } from '../runs-table.js'
import { FORMAT_FLAGS } from '../table-format.js'

const LABEL_KEYS = ['name', 'note', 'tags'] as const
const KEYS = ['out', 'last', 'sort', 'tags', ...STATISTICS_KEYS, ...FILTERS, ...Object.keys(configSchema.shape)]

/** `recurlab runs [RUN …]`. */
export const command: Command = {
  help: [
    'Without a RUN all runs are compared, newest last. RUN is the ID of a run, a prefix of it, or its folder; the column id shows the shortest unique prefix. The results are those of the last evaluation. Named runs are shown with the checkpoints that they keep. A run whose process is gone is "interrupted".',
    LISTING_CODE,
    {
      title: 'Filter and sort',
      rows: [
        ['KEY=VALUE', 'Runs with this value of a configuration key, or one of several, e.g. task=sudoku seed=0..2.'],
        ['state=STATE', 'Runs that are running, finished, failed or interrupted.'],
        ['ended=KEY', 'Runs that trainSteps, until, maxSeconds or patience has ended; null: none of them.'],
        ['since=TIME', 'Runs that were started since then: an age (30m, 12h, 7d, 2w) or a date (2026-11-30, in UTC).'],
        ['before=TIME', 'Runs that were started before then.'],
        ['name=TEXT', 'Runs with TEXT in their name.'],
        ['note=TEXT', 'Runs with TEXT in their note.'],
        ['tag=TAG', 'Runs with this tag.'],
        ['last=N', 'The N newest of them. Default: all.'],
        [
          'sort=COLUMN',
          'Sorts by a column, as named by --json, or by a configuration key, in ascending order; sort=-COLUMN or sort=COLUMN,desc sorts in descending order. Default: id.',
        ],
      ],
    },
    {
      title: 'Name runs',
      rows: [
        ['RUN name=TEXT', 'Names a run; null removes the name.'],
        ['RUN note=TEXT', 'Sets a note on the run.'],
        ['RUN tags=A,B', 'Replaces its tags.'],
      ],
    },
    {
      title: 'Statistics over seeds',
      rows: [
        [
          '--summary',
          'Prints one row per configuration instead of one per run: seeds, mean ± half of the 95 % interval, SD, the best checkpoint, count and denominator.',
        ],
        [
          '--compare A,B',
          'Compares two configurations: difference with interval, test and effect, a verdict and warnings. A and B are labels as --summary shows them (mlp), KEY=VALUE, or the beginning of an ID.',
        ],
        ['--latex', 'Prints the summary as LaTeX for the packages booktabs and siunitx.'],
        ['--markdown', 'Prints the summary as Markdown.'],
        ['--csv', 'Prints the summary as CSV, a value and its uncertainty in two columns.'],
        ['metric=NAME', 'The metric of either. Default: test.exact.'],
        ['interval=t|bootstrap', "How intervals over seeds are made: Student's t, or resampling. Default: t."],
      ],
    },
    {
      title: 'Options',
      rows: [
        ['out=DIR', `Results folder. Default: ${DEFAULT_RESULTS}.`],
        ['--all', 'Shows all columns, in several blocks if they do not fit side by side. Default: those that fit.'],
        [
          '--json',
          'Prints all columns as JSON, shares from 0 to 1; of --summary and --compare all numbers, shares in percent.',
        ],
      ],
    },
  ],
  example: 'runs task=sudoku sort=-test.exact last=10',
  flags: { all: false, json: false, summary: false, compare: true, ...FORMAT_FLAGS },
  async run({ words, pairs, flags }) {
    const keys = onlyKeys(pairs, KEYS)
    const { out = DEFAULT_RESULTS } = keys
    const statistics = statisticsAsked(flags, keys)
    const label = labelOf(words, pairs)
    if (fs.existsSync(out) && !fs.statSync(out).isDirectory())
      throw wrongUse('out=DIR, a results folder', `the file ${out}`)
    const listing = listRuns(out)
    const named = words.map((word) => openRun(word, out))
    if (label) for (const run of named) writeLabel(run, newLabel(label, labelBefore(run)))
    const { runs, damaged } =
      named.length > 0 ? { runs: unique(named).map(storedRun), damaged: [] } : storedRunsOf(listing)
    const chosen = lastOf(label ? runs : runs.filter(filterOf(pairs, runs)), keys.last)
    const comparison = inOrder(new Comparison(chosen), keys.sort)
    reportDamaged(damaged)
    if (statistics && (chosen.length > 0 || flags.has('json')))
      writeStatistics(`${statisticsText(comparison.runs, statistics, flags.has('json'))}\n`, flags)
    else if (flags.has('json')) process.stdout.write(`${JSON.stringify(wholeRows(comparison))}\n`)
    else if (chosen.length > 0) {
      const kept = named.length > 0 ? comparison.runs.map(checkpointsText) : []
      const text = runsText(comparison, { ids: idsOf(listing), all: flags.has('all') })
      process.stdout.write(`${[text, ...kept].join('\n')}\n`)
    } else process.stdout.write(`${noRuns(out, runs.length)}\n`)
    return damaged.length > 0 ? 1 : 0
  },
}

/** Prints statistics: as CSV exactly, unless a terminal shows it. */
function writeStatistics(text: string, flags: ReadonlyMap<string, string | true>): void {
  if (flags.has('csv')) writeData(process.stdout, text)
  else process.stdout.write(text)
}

/**
 * Returns the new label in a command line; null if there is none.
 *
 * @throws UserError (exit code 2) for other keys beside it.
 */
function labelOf(words: readonly string[], pairs: ReadonlyMap<string, string>): LabelOptions | null {
  const [tags, name, note] = [pairs.get('tags'), pairs.get('name'), pairs.get('note')]
  if (words.length === 0) {
    if (tags !== undefined) throw wrongUse('a run before tags=', 'none', 'tag=TAG lists the runs with a tag.')
    return null
  }
  if (tags === undefined && name === undefined && note === undefined) return null
  const others = [...pairs.keys()].filter((key) => key !== 'out' && !(LABEL_KEYS as readonly string[]).includes(key))
  if (others.length > 0) throw wrongUse('only name=, note= and tags= after a run', `${others[0]}=`)
  const orNull = (text: string): string | null => (text === 'null' ? null : text)
  const label = {
    ...(name === undefined ? {} : { name: orNull(name) }),
    ...(note === undefined ? {} : { note: orNull(note) }),
    ...(tags === undefined ? {} : { tags: tags === 'null' ? null : tags.split(',') }),
  }
  // An invalid label is refused before any run is changed.
  newLabel(label)
  return label
}

/** Returns the label to change; a damaged one is replaced. */
function labelBefore(run: RunRecord): ReturnType<typeof readLabel> {
  try {
    return readLabel(run)
  } catch (error) {
    if (error instanceof UserError && !isRefused(error)) return newLabel({})
    throw error
  }
}

function unique(runs: readonly RunRecord[]): RunRecord[] {
  return [...new Map(runs.map((run) => [run.dir, run])).values()]
}

function idsOf({ runs, damaged }: RunListing): string[] {
  return [...runs, ...damaged].map(({ id }) => id)
}

function lastOf(runs: readonly StoredRun[], last: string | undefined): StoredRun[] {
  const count = wholeOf('last', last)
  return count === undefined ? [...runs] : runs.slice(-count)
}

/** Returns the rows with the label, folder, times, checkpoints and configuration of their runs. */
function wholeRows({ runs, rows }: Comparison<StoredRun>): object[] {
  return runs.map((run, i) => {
    const { label, dir, status, config } = run
    const { started, updated, trainSteps, ended, checkpoint, message } = status
    const facts = { dir, started, updated, trainSteps, ended, checkpoint, checkpoints: checkpointsOf(run), message }
    return { ...rows[i], ...label, ...facts, config }
  })
}

/** Returns the checkpoints of a run as a line: `ID: checkpoints of steps 50 (best), 250 (last), 300 (last)`. */
function checkpointsText(run: RunRecord): string {
  const kept = checkpointsOf(run).map(({ step, keptAs }) =>
    keptAs.length > 0 ? `${step} (${keptAs.join(', ')})` : step,
  )
  return `\n${run.id}: ${kept.length === 0 ? 'no checkpoint' : `checkpoints of steps ${kept.join(', ')}`}`
}

function noRuns(out: string, all: number): string {
  if (all > 0)
    return `${all === 1 ? 'The one run' : `None of the ${all} runs`} in ${out} is ${all === 1 ? 'not ' : ''}as asked.`
  return `No runs in ${out}. Make one: recurlab train sudoku-pocket${out === DEFAULT_RESULTS ? '' : ` out=${out}`}`
}
