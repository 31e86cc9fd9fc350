import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { effectiveConfig } from '../../lib/config/effective.js'
import { parseConfig } from '../../lib/config/parse.js'
import type { Dataset } from '../../lib/data/dataset.js'
import { outcomesTable } from '../../lib/evaluate/outcomes.js'
import { jsonText } from '../../lib/files/json.js'
import { createRun } from '../../lib/results/run.js'

/**
 * Stores an evaluated run that came from somebody else: every text of it is the given one, also where this library would have
 * refused to write it.
 *
 * @param mixer of the run, so that two are told apart; its name is the text in `own`
 * @returns the ID of the run
 */
export function storeHostileRun(text: string, mixer: 'mlp' | 'own', data: Dataset, resultsDir: string): string {
  const record = { name: text, source: text, sha256: 'ab'.repeat(32) }
  const config = {
    ...effectiveConfig(
      parseConfig({ task: 'sudoku', box: '2x2', clues: 8, trainPuzzles: 2, testPuzzles: 2, hidden: 8, heads: 2 }),
    ),
    mixer: mixer === 'mlp' ? mixer : record,
    data: text,
  }
  const run = createRun({
    resultsDir,
    config,
    provenance: provenance(text, data.hash),
    codeDiff: text,
    trainSteps: 2,
    parameters: 77,
  })
  run.logMetrics({ step: 1, 'train.loss': 2, trainSeconds: 1 })
  for (const step of [1, 2])
    run.logEvaluation({ step, 'test.exact': 0.5, 'test.cells': 0.5, [`test.${text}`]: 1, puzzles: 2, scored: 2 })
  const { labels, seqLen } = data.test
  const outcomes = [0, 1].map((puzzle) => ({
    puzzle,
    version: 0,
    identifier: data.manifest.blankId,
    supervisionSteps: 2,
    cells: puzzle,
    exact: puzzle === 1,
    haltProbability: 0.5,
    prediction: labels.slice(puzzle * seqLen, (puzzle + 1) * seqLen),
  }))
  run.writeOutcomes(outcomesTable(outcomes, data, 'test'))
  run.finish('failed', text)
  const label = { formatVersion: 1, name: text, note: text, tags: [text] }
  writeFileSync(path.join(run.dir, 'label.json'), jsonText(label))
  return run.id
}

function provenance(text: string, dataHash: string): object {
  const code = { commit: text, hash: text, files: { [text]: text }, changed: [text], reason: text }
  const backend = { name: text, libraryVersion: text, threads: 1 }
  const machine = { cpu: text, os: text, arch: text, host: text, cores: 1, memoryBytes: 1 }
  return {
    dataHash,
    command: [text, text, text],
    recurlab: text,
    node: text,
    date: text,
    code,
    backend,
    machine,
    lockHash: text,
  }
}
