import path from 'node:path'
import { checkParts } from '../files/arrow-batches.js'
import { type Checked, type CheckOptions, Checks } from '../files/checked.js'
import { ANSWERS_FILE, readFacts, STEPS_FILE } from './facts.js'

/**
 * Checks the tables of a recording against the checksums in its `recording.json`, with a few megabytes in memory.
 *
 * @param dir the recording's folder, or that of the deterministic rollouts in it
 */
export async function checkTables(dir: string, { onBytes }: CheckOptions = {}): Promise<Checked> {
  const checks = new Checks()
  const facts = await checks.file(() => readFacts(dir))
  if (facts !== null)
    for (const [name, parts] of [
      [STEPS_FILE, facts.files.steps],
      [ANSWERS_FILE, facts.files.answers],
    ] as const)
      if (parts.length > 0) await checks.file(() => checkParts(path.join(dir, name), parts, onBytes))
  return checks.result
}
