import path from 'node:path'
import { recordedConfig } from '../config/recorded.js'
import { checkHash, checkStart } from '../files/arrow.js'
import { type Checked, type CheckOptions, Checks } from '../files/checked.js'
import { readJson } from '../files/json.js'
import { checkCheckpoint } from './checkpoint.js'
import { readLabel } from './label.js'
import { FILES } from './layout.js'
import { type RunStatus, readStatus } from './status.js'

/**
 * Checks every file of a run against the checksums in its `status.json`, with a few megabytes in memory: configuration, provenance,
 * tables, outcomes, label, uncommitted changes and checkpoints.
 *
 * @param dir the run's folder
 */
export async function checkRun(dir: string, options: CheckOptions = {}): Promise<Checked> {
  for (;;) {
    const { status, checked } = await attempt(dir, options)
    // Only damage stays when a run that is at work has gone on in the meantime.
    if (checked.problems.length === 0 || status === null || status.updated === updatedNow(dir, status)) return checked
  }
}

async function attempt(
  dir: string,
  { onBytes }: CheckOptions,
): Promise<{ readonly status: RunStatus | null; readonly checked: Checked }> {
  const checks = new Checks()
  const status = await checks.file(() => readStatus(dir))
  if (status === null) return { status, checked: checks.result }
  const place = (name: string): string => path.join(dir, name)
  const { files, diffs, checkpoints } = status
  await checks.file(() => {
    checkHash(place(FILES.config), files[FILES.config], onBytes)
    recordedConfig(readJson(place(FILES.config)), place(FILES.config))
  })
  await checks.file(() => checkHash(place(FILES.provenance), files[FILES.provenance], onBytes))
  for (const name of [FILES.metrics, FILES.evaluations] as const)
    await checks.file(() => checkStart(place(name), files[name], onBytes))
  const { [FILES.outcomes]: outcomes } = files
  if (outcomes) await checks.file(() => checkHash(place(FILES.outcomes), outcomes, onBytes))
  for (const [name, checksums] of Object.entries(diffs))
    await checks.file(() => checkHash(place(name), checksums, onBytes))
  await checks.file(() => readLabel({ dir, status }))
  for (const step of new Set(checkpoints.map((one) => one.step)))
    await checks.file(() => checkCheckpoint({ dir }, step, onBytes))
  return { status, checked: checks.result }
}

function updatedNow(dir: string, { updated }: RunStatus): string {
  try {
    return readStatus(dir).updated
  } catch {
    return updated
  }
}
