import assert from 'node:assert/strict'
import { chmodSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { loadRun } from '../../lib/experiment/run/load.js'
import { rowsOfTable } from '../../lib/files/arrow-rows.js'
import { readJson } from '../../lib/files/json.js'
import { type RunObserver, sudoku, train } from '../../lib/index.js'
import { storedRunsOf } from '../../lib/results/comparison.js'
import { checkpointFile } from '../../lib/results/layout.js'
import { listRuns, loadCheckpoint, openRun, readMetrics, readOutcomes, runStatus } from '../../lib/results/run.js'
import { readWeightsOf } from '../../lib/results/weights-file.js'
import { type Outcome, recurlab } from '../recurlab.js'
import { trials } from '../trials.js'
import { type DamageCase, damageCases, damageFile, quickFolder, type Substitutes } from './damage.js'
import { Expected, textOf } from './readers.js'

const STEPS = 4
const FILES = [
  ...['config.json', 'provenance.json', 'status.json', 'metrics.arrow', 'evaluations.arrow', 'outcomes.arrow'],
  ...['label.json', checkpointFile(STEPS), checkpointFile(STEPS / 2)],
]

const folder = quickFolder()
const resultsDir = path.join(folder, 'results')
const older = path.join(folder, 'older')
let [dir, other] = ['', '']
let expected: Expected
let names: readonly string[] = []
/** The content of the checkpoint before the newest. */
let earlier: Readonly<Record<string, string>> = {}

function readCheckpoint(): unknown {
  const { checksum: _, ...checkpoint } = loadCheckpoint({ dir })
  return checkpoint
}

async function readWeights(): Promise<unknown> {
  const { tensors, config, step, notes } = await readWeightsOf(dir)
  return { tensors, config, step, notes: notes.filter((note) => note.includes(' in place of ')) }
}

const readers = {
  record: () => openRun(dir),
  status: () => runStatus(path.basename(dir), resultsDir),
  metrics: () => rowsOfTable(readMetrics({ dir })),
  outcomes: () => rowsOfTable(readOutcomes({ dir })),
  loadRun: () => loadRun(dir),
  checkpoint: readCheckpoint,
  weights: readWeights,
}

before(async () => {
  const data = await sudoku({ box: [2, 2], clues: 6, train: 20, test: 8, seed: 3 })
  const config = {
    ...{ hidden: 8, heads: 2, layers: 1, T: 1, n: 1, K: 2, batch: 8, evalBatch: 8 },
    ...{ trainSteps: STEPS, evalEvery: STEPS / 2 },
  }
  const label = { name: 'a name', note: 'a note', tags: ['a', 'b'] }
  const observer: RunObserver = {
    onStep: ({ step }) => {
      if (step === STEPS) cpSync(path.join(resultsDir, 'runs'), older, { recursive: true })
    },
  }
  const id = await train(config, data, { resultsDir, observer, ...label })
  const second = await train({ ...config, seed: 1 }, data, { resultsDir, ...label, name: 'another' })
  dir = path.join(resultsDir, 'runs', id)
  other = path.join(resultsDir, 'runs', second)
  const newest = path.join(dir, checkpointFile(STEPS))
  names = readdirSync(dir).sort()
  expected = await Expected.of(readers)
  const whole = readFileSync(newest)
  writeFileSync(newest, '')
  const without = ({ notes: _, ...value }: { notes: unknown }): string => textOf(value)
  earlier = {
    checkpoint: without(readCheckpoint() as { notes: unknown }),
    weights: without((await readWeights()) as { notes: unknown }),
  }
  writeFileSync(newest, whole)
})

const substitutes = (): Substitutes => ({ other, older: path.join(older, path.basename(dir)) })

/** Returns whether a value is that of the checkpoint before the damaged one, and says so. */
function isEarlier(name: string, value: string, notes: readonly string[]): boolean {
  const { notes: _, ...rest } = JSON.parse(value) as { notes: unknown }
  return notes.some((note) => note.includes(checkpointFile(STEPS))) && JSON.stringify(rest) === earlier[name]
}

/** Returns whether a value is the status of an earlier moment, which holds no number of the tables. */
function isThen(name: string, value: string): boolean {
  if (name !== 'record' && name !== 'status') return false
  const { checksum: _, ...then } = readJson(path.join(substitutes().older!, 'status.json'))
  return textOf((JSON.parse(value) as { status: unknown }).status) === textOf(then)
}

const attempt = async (one: DamageCase, { random }: { random: Parameters<typeof damageFile>[3] }): Promise<void> => {
  const restore = damageFile(dir, one, substitutes(), random)
  try {
    const also = one.file === checkpointFile(STEPS) ? isEarlier : one.file === 'status.json' ? isThen : undefined
    await expected.check(dir, one, also)
    const { runs, damaged } = storedRunsOf(listRuns(resultsDir))
    const ids = [...runs, ...damaged].map(({ id }) => id).sort()
    assert.deepEqual(ids, [path.basename(dir), path.basename(other)].sort(), 'every run is listed')
    assert.ok(
      runs.some(({ id }) => id === path.basename(other)),
      'the other run is listed whole',
    )
  } finally {
    restore()
  }
}

test(
  ...trials(
    'a run with a damaged file is read right or refused by the name of the file, and hides no other',
    { cases: damageCases(FILES), sample: 108 },
    attempt,
  ),
)

/** What each command says of undamaged runs. */
const rightOutcomes = new Map<string, Outcome>()
const commands = damageCases(FILES, 12)

test(
  ...trials(
    'a command that meets a damaged run names the file in one line and gives no number',
    { cases: commands, sample: 3 },
    async (one, { random, index }) => {
      // A command may write: each has a copy.
      const [id, out] = [path.basename(dir), path.join(folder, 'copy')]
      const words = [['runs'], ['eval', id], ['resume', id]][index % 3]!
      const outcomeOf = async (damage: (copy: string) => void): Promise<Outcome> => {
        cpSync(resultsDir, out, { recursive: true })
        damage(path.join(out, 'runs', id))
        const outcome = await recurlab([...words, `out=${out}`])
        rmSync(out, { recursive: true })
        return outcome
      }
      const right = rightOutcomes.get(words[0]!) ?? (await outcomeOf(() => {}))
      rightOutcomes.set(words[0]!, right)
      const { code, stdout, stderr } = await outcomeOf((copy) => damageFile(copy, one, substitutes(), random))
      const what = `${words[0]} of ${one.file}: ${one.damage}\n${stdout}${stderr}`
      assert.doesNotMatch(stderr, /^ {4}at |internal error/m, what)
      const isRight = stderr === right.stderr && withoutTimes(stdout) === withoutTimes(right.stdout)
      if (isRight && code === right.code) return
      const named = one.damage === 'older' || one.damage === 'of another' ? id : one.file
      // An earlier checkpoint that takes the place of a damaged one is told in a note.
      const isEarlier = stdout.includes(' in place of ') && stdout.includes(one.file)
      assert.ok(isEarlier || (code === 1 && stderr.includes(named)), what)
    },
  ),
)

/** Leaves out what a measurement of time decides. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d+(\.\d+)? (s|ms|J|W|min)\b|\d+(\.\d+)? puzzles\/s/g, '')
}

test('reading leaves nothing behind in the folder of a damaged run', () => {
  assert.deepEqual(readdirSync(dir).sort(), names)
})

test('a file of a run that may not be read is told by its name', {
  skip: process.getuid?.() === 0 ? 'root reads every file' : false,
}, async () => {
  for (const file of FILES.filter((name) => !name.startsWith('checkpoint'))) {
    chmodSync(path.join(dir, file), 0)
    try {
      await expected.check(dir, { file, damage: 'empty' })
    } finally {
      chmodSync(path.join(dir, file), 0o644)
    }
  }
})
