import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { UserError } from '../../../errors.js'
import { benchData, DATA_BENCHES, type DataBench, type DataMeasurement } from '../../../experiment/bench/data.js'
import { formatTable } from '../../../results/text.js'
import { type Args, wrongUse } from '../../command.js'
import { countOf, onlyKeys } from '../../keys.js'

const program = fileURLToPath(new URL('../../recurlab.mjs', import.meta.url))

export const benchDataHelp = `
recurlab bench data [NAME …] key=value …   how fast data are built and drawn, and in how much memory
NAME is one or more of ${DATA_BENCHES.join(', ')} (default: all whose files are there). Each is measured in
a process of its own: seconds from its start to the first training batch of 768, work a second while building,
examples a second while drawing, and the most memory above what the process held before.

  rows=N     rows of the CSV file that is made for sudoku (default: 1000000, some 190 MB under the system's temporary folder)
  mazes=N    30×30 mazes that are generated (default: 80)
  arc=DIR    folder of the ARC files (default: ../shared/data/arc)
  --json     as JSON`

/** `recurlab bench data`. @param names what comes after `data` */
export async function benchDataAction(names: readonly string[], { pairs, flags }: Args): Promise<number> {
  const keys = onlyKeys(pairs, ['rows', 'mazes', 'arc'])
  const options = {
    rows: countOf('rows', keys.rows, 1_000_000),
    mazes: countOf('mazes', keys.mazes, 80),
    arcDir: keys.arc ?? path.join('..', 'shared', 'data', 'arc'),
  }
  const asked = names.length > 0 ? names.map(benchName) : DATA_BENCHES.filter(available(options.arcDir))
  const rows: DataMeasurement[] = []
  if (flags.has('inside')) rows.push(await benchData(asked[0]!, options))
  else for (const name of asked) rows.push(await inProcess(name, pairs))
  if (flags.has('json')) process.stdout.write(`${JSON.stringify(rows)}\n`)
  else process.stdout.write(`${formatTable(rows.map(readable))}\n`)
  return 0
}

/** Measures in a process of its own. */
async function inProcess(name: DataBench, pairs: Args['pairs']): Promise<DataMeasurement> {
  const given = [...pairs].map(([key, value]) => `${key}=${value}`)
  const args = [program, 'bench', 'data', name, '--inside', '--json', ...given]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args)
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

function benchName(word: string): DataBench {
  const name = DATA_BENCHES.find((name) => name === word)
  if (!name) throw wrongUse(`names out of ${DATA_BENCHES.join(', ')}`, word)
  return name
}

function available(arcDir: string): (name: DataBench) => boolean {
  return (name) => !['arc-1', 'arc-2'].includes(name) || existsSync(arcDir)
}

function round(seconds: number): number {
  return Math.round(seconds * 100) / 100
}
