import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { recordingIds } from '../../lib/experiment/think/recordings.js'
import { openRecording } from '../../lib/experiment/think/rollout-recording.js'
import { readNotebook } from '../../lib/notebook/notebook.js'
import { listRuns } from '../../lib/results/run.js'
import { loadDataset } from '../../lib/storage/store.js'
import { trials } from '../trials.js'
import { command, type End, nothingLeft, temporaryFolder } from './victim.js'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU'] as const

const POCKET = [
  ...['sudoku-pocket', 'hidden=16', 'heads=2', 'batch=8', 'T=1', 'n=1', 'K=2', 'trainPuzzles=2000', 'testPuzzles=300'],
  ...['trainSteps=60', 'evalEvery=20', 'checkpointEvery=5'],
]

/** A command that signals come to at any time of its life. */
interface Subject {
  readonly args: (folder: string) => readonly string[]
  /** Puts what the command needs into its folder. Default: nothing. */
  readonly prepare?: (folder: string) => Promise<void>
  /** The advice in the line of a stopped command, where work was kept. */
  readonly goesOn?: RegExp
  /** Checks what it left, whole or stopped. */
  readonly check: (folder: string, end: End) => void
}

/** A run that is half trained, in a folder of its own; made once. */
let half: Promise<string> | null = null
async function halfTrained(): Promise<string> {
  const folder = temporaryFolder()
  const all = await command(folder, ['train', ...POCKET, `out=${folder}`], { signals: [] })
  assert.equal(all.code, 0, all.stderr)
  return folder
}

const checkRuns = (folder: string, { code }: End): void => {
  const { runs, damaged } = listRuns(folder)
  assert.deepEqual(damaged, [])
  for (const run of runs) {
    assert.ok(['finished', 'interrupted'].includes(run.state), run.state)
    if (run.state === 'interrupted' && code === 75) assert.equal(run.status.checkpoint, run.status.step)
  }
  if (code === 0) assert.ok(runs.length > 0 && runs.every(({ state }) => state === 'finished'))
}

const withRun = async (folder: string): Promise<void> => {
  half ??= halfTrained()
  cpSync(await half, folder, { recursive: true })
}
const runIn = (folder: string): string => listRuns(folder).runs[0]!.id

const cell = (n: number): object => ({
  ...{ cell_type: 'code', id: `cell-${n}`, metadata: {}, outputs: [], execution_count: null },
  source: `console.log('result ${n}')\nawait new Promise((resolve) => setTimeout(resolve, 300))`,
})

const subjects: Readonly<Record<string, Subject>> = {
  train: {
    args: (folder) => ['train', ...POCKET, `out=${folder}`],
    goesOn: /Stopped and saved\. To continue: npx recurlab resume \S+/,
    check: checkRuns,
  },
  resume: {
    prepare: withStopped,
    args: (folder) => ['resume', runIn(folder), `out=${folder}`],
    goesOn: /Stopped and saved\. To continue: npx recurlab resume \S+/,
    check: checkRuns,
  },
  sweep: {
    args: (folder) => ['sweep', ...POCKET, 'seed=0,1', 'workers=2', `out=${folder}`],
    goesOn: /Stopped and saved\. To continue: npx recurlab sweep resume \S+/,
    check: checkRuns,
  },
  eval: {
    prepare: withRun,
    args: (folder) => ['eval', runIn(folder), 'supervisionSteps=200', `out=${folder}`],
    check: (folder) => checkRuns(folder, { code: 0 } as End),
  },
  ladder: {
    prepare: withRun,
    args: (folder) => ['ladder', runIn(folder), 'depths=1,2,4,200', `out=${folder}`],
    check: (folder) => checkRuns(folder, { code: 0 } as End),
  },
  think: {
    args: (folder) => ['think', 'sudoku-4x4', 'depth=30', 'rollouts=4', 'noise=0.3', 'puzzles=40', `out=${folder}`],
    goesOn: /stopped after \d+ of \d+ supervision steps: .*; the same call begins anew/,
    check(folder, { code }) {
      const states = recordingIds(folder).map((id) => openRecording(id, folder).facts.state)
      assert.ok(states.every((state) => state === 'finished' || state === 'interrupted'))
      if (code === 0) assert.deepEqual(states, ['finished'])
    },
  },
  build: {
    args: (folder) => [
      'data',
      'build',
      'sudoku',
      'box=2x3',
      'clues=14',
      'train=1500',
      'test=100',
      `out=${folder}/data`,
    ],
    check(folder, { code }) {
      assert.ok(code !== 75)
      const names = existsSync(folder) ? readdirSync(folder) : []
      assert.deepEqual(names, code === 0 ? ['data'] : [])
      if (code === 0) assert.equal(loadDataset(path.join(folder, 'data')).train.count, 1500)
    },
  },
  report: {
    prepare: withRun,
    args: (folder) => ['report', runIn(folder), `results=${folder}`, `out=${folder}/report.html`],
    check(folder, { code }) {
      const names = readdirSync(folder).filter((name) => name.startsWith('.') || name.startsWith('report'))
      assert.deepEqual(names, code === 0 ? ['report.html'] : [])
    },
  },
  run: {
    async prepare(folder) {
      mkdirSync(folder)
      const metadata = { kernelspec: { name: 'recurlab', display_name: 'Recurlab', language: 'typescript' } }
      const notebook = { cells: [1, 2, 3].map(cell), metadata, nbformat: 4, nbformat_minor: 5 }
      writeFileSync(path.join(folder, 'a.ipynb'), JSON.stringify(notebook))
    },
    args: (folder) => ['run', path.join(folder, 'a.ipynb'), '--out', path.join(folder, 'out.ipynb')],
    goesOn: /stopped by \S+\.\nThe notebook executed so far: /,
    check(folder, { code, stdout }) {
      const out = path.join(folder, 'out.ipynb')
      if (code !== 0 && code !== 75) return
      const done = readNotebook(out).cells.filter(({ outputs }) => ((outputs ?? []) as unknown[]).length > 0).length
      assert.ok(done >= [...stdout.matchAll(/── cell (\d+) of/g)].length - 1)
      if (code === 0) assert.equal(done, 3)
    },
  },
}

/** A run that was stopped in its middle, made once. */
let stopped: Promise<string> | null = null
async function withStopped(folder: string): Promise<void> {
  stopped ??= (async () => {
    for (let seconds = 1.2; seconds < 60; seconds *= 1.3) {
      const made = temporaryFolder()
      const args = ['train', ...POCKET, `out=${made}`]
      const { code } = await command(made, args, { signals: [{ signal: 'SIGTERM', ms: 1000 * seconds }] })
      if (code === 75) return made
    }
    throw new Error('no run could be stopped in its middle')
  })()
  cpSync(await stopped, folder, { recursive: true })
}

const whole = new Map<string, Promise<number>>()

/** Returns the seconds that a command takes that is left alone. */
async function secondsOf(name: string): Promise<number> {
  const { prepare, args, check } = subjects[name]!
  const folder = temporaryFolder()
  await prepare?.(folder)
  const end = await command(folder, args(folder))
  assert.equal(end.code, 0, end.stderr)
  check(folder, end)
  return end.seconds
}

/** In each quarter of the life of each command comes each signal. */
const SHARES = 4
const cases = Object.keys(subjects).flatMap((name, i) =>
  SIGNALS.flatMap((signal, j) =>
    Array.from({ length: SHARES }, (_, k) => ({ name, signal, share: (k + ((0.618034 * (6 * i + j)) % 1)) / SHARES })),
  ),
)

/** Share of a command's life in which Node may not have run its first line. */
const EARLY = 0.3

/** Seconds within which a stopped command ends, on a busy machine. */
const SOON = 30

test(
  ...trials(
    'a signal at any moment of any command ends it soon, says what to do and keeps what can be kept',
    { cases, sample: 9 },
    async ({ name, signal, share }) => {
      if (!whole.has(name)) whole.set(name, secondsOf(name))
      const seconds = await whole.get(name)!
      const { prepare, args, goesOn, check } = subjects[name]!
      const folder = temporaryFolder()
      await prepare?.(folder)
      const at = 1000 * share * seconds
      const end = await command(folder, args(folder), { signals: [{ signal, ms: at }] })
      const { code, stderr } = end
      const about = `${name}, ${signal} at ${Math.round(at)} ms: code ${code}, signal ${end.signal}, ${stderr}`
      assert.ok(end.seconds < at / 1000 + SOON, about)
      assert.doesNotMatch(stderr, /\n {4}at |internal error/, about)
      // Until the first line of the command is run, Node opens its debugger, which is closed there.
      if (code !== 128 + os.constants.signals.SIGUSR1 || share > EARLY) assert.doesNotMatch(stderr, /Debugger/, about)
      if (code === 75) {
        assert.ok(goesOn, about)
        assert.match(stderr, goesOn, about)
      } else if (code === 128 + os.constants.signals[signal])
        assert.match(stderr, new RegExp(`recurlab: stopped by ${signal}\\. \\S.*: .*\\.\\n`), about)
      else if (code === null) {
        // Before the first line of the command was run, a signal has its default effect.
        assert.ok(share < EARLY && stderr === '', about)
      } else assert.equal(code, 0, about)
      await nothingLeft(folder)
      check(folder, end)
    },
  ),
)
