import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Args, Command } from '../../lib/cli/command.js'
import { abortOnInterrupt } from '../../lib/cli/interrupt.js'
import { countOf, oneOf, onlyKeys } from '../../lib/cli/keys.js'
import { UserError } from '../../lib/errors.js'
import { formatTable } from '../../lib/results/text.js'
import { benchData, DATA_BENCHES, type DataBench, type DataMeasurement } from '../data.js'

const program = fileURLToPath(new URL('../../lib/cli/recurlab.mjs', import.meta.url))

/** `recurlab bench data`. */
export const command: Command = {
  help: [
    `NAME is one or more of ${DATA_BENCHES.join(', ')}; without one, all whose files exist. Each is measured in its own process: seconds from its start to the first training batch of 768, work per second while building, examples per second while drawing, and peak memory above that of the process before.`,
    {
      title: 'Options',
      rows: [
        [
          'rows=N',
          "Rows of the CSV file generated for sudoku, about 190 MB in the system's temporary folder with the default. Default: 1000000.",
        ],
        ['mazes=N', 'Number of generated 30×30 mazes. Default: 80.'],
        ['arc=DIR', 'Folder of the ARC files. Default: ../shared/data/arc.'],
        ['--inside', 'Measures in this process. Default: each NAME in its own process.'],
        ['--json', 'Prints the table as JSON.'],
      ],
    },
  ],
  example: 'bench data maze mazes=10',
  flags: { json: false, inside: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  const keys = onlyKeys(pairs, ['rows', 'mazes', 'arc'])
  const options = {
    rows: countOf('rows', keys.rows, 1_000_000),
    mazes: countOf('mazes', keys.mazes, 80),
    arcDir: keys.arc ?? path.join('..', 'shared', 'data', 'arc'),
  }
  const asked =
    words.length > 0
      ? words.map((word) => oneOf('', word, DATA_BENCHES))
      : DATA_BENCHES.filter(available(options.arcDir))
  const rows: DataMeasurement[] = []
  if (flags.has('inside')) rows.push(await benchData(asked[0]!, options))
  else for (const name of asked) rows.push(await inProcess(name, pairs))
  if (flags.has('json')) process.stdout.write(`${JSON.stringify(rows)}\n`)
  else process.stdout.write(`${formatTable(rows.map(readable))}\n`)
  return 0
}

/** Runs a measurement in a process of its own. */
async function inProcess(name: DataBench, pairs: Args['pairs']): Promise<DataMeasurement> {
  const given = [...pairs].map(([key, value]) => `${key}=${value}`)
  const args = [program, 'bench', 'data', name, '--inside', '--json', ...given]
  const interrupt = abortOnInterrupt('Stopping')
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { signal: interrupt.signal })
    return (JSON.parse(stdout) as [DataMeasurement])[0]
  } catch (error) {
    const { stderr = '', signal } = error as { stderr?: string; signal?: string | null }
    const said = stderr
      .trim()
      .replace(/^recurlab: /, '')
      .replace(/\.$/, '')
    throw new UserError(
      {
        where: `bench data ${name}`,
        expected: 'a measurement',
        found: said || `a process that ended (${signal ?? 'failed'})`,
      },
      { cause: error },
    )
  } finally {
    interrupt.end()
  }
}

function readable(row: DataMeasurement): Record<string, string | number> {
  return {
    data: row.data,
    'first batch (s)': round(row.firstBatchSeconds),
    'build (s)': round(row.buildSeconds),
    work: row.work,
    'work/s': Math.round(row.buildRate),
    'examples/s': Math.round(row.examplesPerSecond),
    'memory (MB)': Math.round(row.peakBytes / 1e6),
  }
}

function available(arcDir: string): (name: DataBench) => boolean {
  return (name) => !['arc-1', 'arc-2'].includes(name) || existsSync(arcDir)
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100
}
