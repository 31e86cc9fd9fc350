import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { type Owner, thisProcess } from '../../lib/files/owner.js'
import { leaseText } from '../../lib/results/lease-file.js'
import { type Checkpoint, createRun, type RunWriter } from '../../lib/results/run.js'

/** An empty folder that goes when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-results-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A run with a small configuration. */
export function newRun(resultsDir: string, config: Record<string, unknown> = {}): RunWriter {
  return createRun({ resultsDir, config: { preset: 'sudoku-pocket', seed: 0, ...config }, provenance: { seed: 0 } })
}

/** A checkpoint whose every number follows from the step, so that a mixture of two would show. */
export function checkpointAt(step: number, size = 1000): Checkpoint {
  const filled = (value: number): Float32Array => new Float32Array(size).fill(value)
  const tensors = new Map([
    ['w', { shape: [size], data: filled(step) }],
    ['ema/w', { shape: [size], data: filled(-step) }],
    ['carry/z_H', { shape: [1, size], data: filled(step / 2) }],
  ])
  return { tensors, state: { step, exploration: [step, 1, 2, 3], sampler: { epoch: step } } }
}

/** Makes a run's lease that of another process, which gave its last sign of life so many seconds ago. */
export function setOwner(dir: string, changes: Partial<Owner>, secondsAgo = 0): void {
  const name = readdirSync(dir).find((each) => /^lease-\d+\.json$/.test(each))
  const file = path.join(dir, name ?? 'lease-000001.json')
  // A new file: this process may still give the old one its heartbeats.
  rmSync(file, { force: true })
  writeFileSync(file, leaseText({ ...thisProcess(), ...changes }))
  const then = Date.now() / 1000 - secondsAgo
  utimesSync(file, then, then)
}

/** The file of a run's checkpoint of a step. */
export function checkpointPath(run: { readonly dir: string }, step: number): string {
  return path.join(run.dir, `checkpoint-${String(step).padStart(6, '0')}.safetensors`)
}
