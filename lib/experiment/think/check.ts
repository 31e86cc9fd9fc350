import path from 'node:path'
import { type Checked, type CheckOptions, Checks } from '../../files/checked.js'
import { hasEntry } from '../../files/regular.js'
import { checkTables } from '../../recording/check.js'
import { FACTS_FILE } from '../../recording/facts.js'
import { openRecording, PLAIN } from './rollout-recording.js'

/**
 * Checks every file of a recording, with a few megabytes in memory: its tables, its numerical floor, and the deterministic rollouts
 * that it is compared with.
 *
 * @param dir the recording's folder
 */
export async function checkRecording(dir: string, options: CheckOptions = {}): Promise<Checked> {
  const checks = new Checks()
  const plain = path.join(dir, PLAIN)
  const parts = hasEntry(path.join(plain, FACTS_FILE)) ? [dir, plain] : [dir]
  for (const part of parts) checks.add(await checkTables(part, options))
  if (checks.result.problems.length === 0) await checks.file(() => openRecording(path.resolve(dir)))
  return checks.result
}
