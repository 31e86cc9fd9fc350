import path from 'node:path'
import { checkHash } from '../files/arrow.js'
import { type Checked, type CheckOptions, Checks } from '../files/checked.js'
import { MANIFEST, readManifest } from './manifest.js'
import { isPublished, readPublished } from './published/read.js'

/**
 * Checks every file of a data set against the checksums in its manifest, with a few megabytes in memory. A folder in the layout of the
 * published builders carries no checksums: its arrays are read and checked for shape and range, in as much memory as training takes.
 *
 * @param dir the data set's folder
 */
export async function checkDataset(dir: string, { onBytes }: CheckOptions = {}): Promise<Checked> {
  const checks = new Checks()
  if (isPublished(dir)) {
    await checks.file(() => readPublished(dir))
    checks.note(`${dir}: the layout of the published builders has no checksums; changed tokens are not noticed`)
    return checks.result
  }
  const manifest = await checks.file(() => readManifest(path.join(dir, MANIFEST)))
  for (const file of Object.values(manifest?.files ?? {}))
    if (file) await checks.file(() => checkHash(path.join(dir, file.name), [file.sha256], onBytes))
  return checks.result
}
