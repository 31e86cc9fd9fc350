import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { sha256 } from '../../lib/files/atomic.js'
import type { JsonObject } from '../../lib/files/json.js'
import { readSafetensors, safetensorsPieces } from '../../lib/files/safetensors.js'
import { sealedPieces } from '../../lib/files/sealed.js'
import { sealJson } from '../../lib/files/sealed-json.js'
import { sudoku } from '../../lib/index.js'
import { readWeightsFile } from '../../lib/interop/weights-file.js'
import { readLabel, writeLabel } from '../../lib/results/label.js'
import { loadCheckpoint, openRun, saveCheckpoint } from '../../lib/results/run.js'
import { loadDataset, saveDataset } from '../../lib/storage/store.js'
import { checkpointAt, newRun, temporaryFolder } from './fixture.js'

const json = (file: string): JsonObject => JSON.parse(readFileSync(file, 'utf8')) as JsonObject

/** A run of which one file has another format version, and a matching checksum. */
function runWith(name: string, change: (file: string) => void): string {
  const run = newRun(temporaryFolder())
  writeLabel(openRun(run.dir), { name: 'a', note: null, tags: [] })
  saveCheckpoint(run, checkpointAt(3))
  run.finish('interrupted')
  const file = path.join(run.dir, name)
  change(file)
  const statusFile = path.join(run.dir, 'status.json')
  const { checksum: _, ...status } = json(statusFile) as { checksum: string; files: JsonObject }
  if (name === 'config.json') status.files[name] = [sha256(readFileSync(file))]
  writeFileSync(statusFile, JSON.stringify(sealJson(status, ['state'])))
  return run.dir
}

const versioned = (version: unknown) => (file: string) =>
  writeFileSync(file, JSON.stringify({ ...json(file), formatVersion: version }))

for (const [name, expected] of [
  ['config.json', /config\.json: expected the configuration of a run, format version 1, found/],
  ['status.json', /status\.json: expected the status of a run, format version 7, found/],
] as const)
  test(`a ${name} of another format version, or of none, is told as one`, () => {
    assert.throws(() => openRun(runWith(name, versioned(99))), { name: 'UserError', message: expected })
    assert.throws(() => openRun(runWith(name, versioned(99))), /found version 99\. .*another version of Recurlab/)
    assert.throws(() => openRun(runWith(name, versioned(undefined))), /found none named/)
  })

test('a label.json of another format version is told as one', () => {
  assert.throws(
    () => readLabel(openRun(runWith('label.json', versioned(99)))),
    /label\.json: .*format version 2, found version 99/,
  )
})

test('a manifest of another format version is told as one', async () => {
  const dir = path.join(temporaryFolder(), 'data')
  saveDataset(await sudoku({ train: 5, test: 5, seed: 0 }), dir)
  versioned(99)(path.join(dir, 'manifest.json'))
  assert.throws(() => loadDataset(dir), /manifest\.json: expected a data set of format version \d+, found 99/)
})

test('a checkpoint and a file of weights of another format are told as such', async () => {
  const dir = runWith('checkpoint-000003.safetensors', () => {})
  const file = path.join(dir, 'checkpoint-000003.safetensors')
  const { tensors, metadata } = readSafetensors(file)
  const { checksum: _, ...others } = metadata
  for (const format of ['recurlab-checkpoint-99', 'recurlab-weights-1']) {
    const copy = path.join(dir, `${format}.safetensors`)
    const pieces = format.includes('checkpoint')
      ? sealedPieces(tensors, { ...others, format })
      : safetensorsPieces(tensors, { ...others, format })
    writeFileSync(copy, Buffer.concat(pieces))
    await assert.rejects(
      readWeightsFile(copy),
      new RegExp(`expected the format recurlab-weights-\\d+ or .*found ${format}\\. .*another version of Recurlab`),
    )
  }
  assert.equal(loadCheckpoint({ dir }).state.step, 3)
})
