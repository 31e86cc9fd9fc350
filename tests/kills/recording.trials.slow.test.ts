import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Table } from 'apache-arrow'
import { buildSync } from 'esbuild'
import { recordingIds } from '../../lib/experiment/think/recordings.js'
import { openRecording, type RolloutRecording } from '../../lib/experiment/think/rollout-recording.js'
import { FACTS_FILE } from '../../lib/recording/facts.js'
import { Recording } from '../../lib/recording/recording.js'
import { trials } from '../trials.js'
import { command, kill, temporaryFolder } from './victim.js'

let script = ''
before(() => {
  const folder = temporaryFolder()
  mkdirSync(folder)
  script = path.join(folder, 'recording-child.mjs')
  const entry = fileURLToPath(new URL('recording-child.ts', import.meta.url))
  // One bundled file starts five times as fast as TypeScript.
  buildSync({ entryPoints: [entry], outfile: script, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' })
})

/** Returns the rows of a table as text. */
const rowsOf = (table: Table): string[] => table.toArray().map((row) => JSON.stringify(row, bigintText))
const bigintText = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

let recorded: Promise<{ rows: string[]; answers: string[]; operations: number }> | null = null

async function recordedAtOnce(): Promise<{ rows: string[]; answers: string[]; operations: number }> {
  const dir = temporaryFolder()
  const { code, stderr } = await command(dir, [dir], { script, count: `${dir}.count` })
  assert.equal(code, 0, stderr)
  const recording = Recording.open(dir)
  assert.equal(recording.facts.state, 'finished')
  assert.equal(recording.facts.rows, 800)
  const operations = Number(readFileSync(`${dir}.count`, 'utf8'))
  return { rows: rowsOf(recording.table()), answers: rowsOf(recording.answers()), operations }
}

test(
  ...trials(
    'a recording that is killed at a file operation is interrupted, and what it had written by then is read',
    { cases: Array.from({ length: 100 }, (_, i) => (i + 0.5) / 100), sample: 6 },
    async (share) => {
      recorded ??= recordedAtOnce()
      const { rows, answers, operations } = await recorded
      const dir = temporaryFolder()
      const moment = { operation: 1 + Math.floor(operations * share) }
      const { signal } = await command(dir, [dir], { script, kills: [kill(dir, moment)] })
      assert.equal(signal, 'SIGKILL')
      if (!existsSync(path.join(dir, FACTS_FILE))) {
        assert.ok(share < 0.2, 'only while its files are made is there no recording')
        return
      }
      const recording = Recording.open(dir)
      const { facts } = recording
      const known = rowsOf(recording.table())
      assert.equal(known.length, facts.rows)
      assert.deepEqual(known, rows.slice(0, known.length))
      const knownAnswers = rowsOf(recording.answers())
      assert.deepEqual(knownAnswers, answers.slice(0, knownAnswers.length))
      if (facts.state === 'finished') assert.equal(known.length, rows.length)
      else assert.equal(facts.state, 'interrupted')
      // All but the last batch or two is known.
      assert.ok(known.length / rows.length > share - 0.25, `${known.length} rows at ${share}`)
    },
  ),
)

const THINK = ['think', 'sudoku-4x4', 'depth=3', 'rollouts=2', 'noise=0.3', 'puzzles=6', 'answers=all']

/** Returns what a recording holds, apart from times and its name. */
function contentOf(recording: RolloutRecording): object {
  const { created, ended, seconds, files, ...facts } = recording.facts
  const { plain, numericFloor } = recording
  const tables = [recording.table(), recording.answers(), ...(plain === null ? [] : [plain.table()])]
  return { facts, numericFloor, tables: tables.map(rowsOf) }
}

let thought: Promise<{ content: object; seconds: number; operations: number }> | null = null

async function thoughtAtOnce(): Promise<{ content: object; seconds: number; operations: number }> {
  const folder = temporaryFolder()
  const { code, stderr, seconds } = await command(folder, [...THINK, `out=${folder}`], { count: `${folder}.count` })
  assert.equal(code, 0, stderr)
  const [id] = recordingIds(folder)
  const operations = Number(readFileSync(`${folder}.count`, 'utf8'))
  return { content: contentOf(openRecording(id!, folder)), seconds, operations }
}

test(
  ...trials(
    'think that is killed leaves a recording that can be read or none, and the same call gives the same bits',
    { cases: Array.from({ length: 40 }, (_, i) => (0.618034 * i) % 1), sample: 2 },
    async (share, { index }) => {
      thought ??= thoughtAtOnce()
      const { content, seconds, operations } = await thought
      const folder = temporaryFolder()
      const moment =
        index % 2 === 0
          ? { operation: 1 + Math.floor(operations * share) }
          : { ms: 1 + Math.round(1000 * seconds * share) }
      await command(folder, [...THINK, `out=${folder}`], { kills: [kill(folder, moment)] })
      const left = recordingIds(folder)
      assert.ok(left.length <= 1)
      for (const id of left) {
        const { facts } = openRecording(id, folder)
        assert.ok(['interrupted', 'finished'].includes(facts.state), facts.state)
        assert.equal(openRecording(id, folder).table().numRows, facts.rows)
      }
      const { code, stderr } = await command(folder, [...THINK, `out=${folder}`])
      assert.equal(code, 0, stderr)
      const again = recordingIds(folder).filter((id) => !left.includes(id))
      assert.equal(again.length, 1)
      assert.deepEqual(contentOf(openRecording(again[0]!, folder)), content)
    },
  ),
)
