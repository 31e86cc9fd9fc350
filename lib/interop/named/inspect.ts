import path from 'node:path'
import { UserError } from '../../errors.js'
import { readConfigFile } from '../../files/config-file.js'
import type { Inspection } from '../../files/inspection.js'
import { isJsonObject } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { withOpenFile } from '../../files/pieces.js'
import { scanSafetensors } from '../../files/safetensors-scan.js'
import { checkShapes } from '../weights-file.js'
import { OWN_FORMATS } from '../weights-format.js'
import { readRecord, type WeightsRecord } from './record.js'

/**
 * Inspects weights with a name: their record, the SHA-256 of their file, and of a safetensors file every number and
 * the shapes. Of a file of PyTorch the SHA-256 alone counts: it decides every byte.
 *
 * @returns the record; undefined when it is damaged
 */
export function inspectWeights(dir: string, inspection: Inspection): WeightsRecord | undefined {
  const record = inspection.attempt(() => readRecord(path.join(dir, 'record.json')))
  if (!record) return undefined
  inspection.attempt(() => inspectFile(path.join(dir, record.file), record, inspection))
  return record
}

function inspectFile(file: string, record: WeightsRecord, inspection: Inspection): void {
  const { sha256, isSafetensors } = withOpenFile(file, inspection.read, (open) => ({
    sha256: open.sha256(),
    isSafetensors: open.read(8, 1)[0] === 0x7b,
  }))
  if (sha256 !== record.sha256)
    throw new UserError({
      where: file,
      expected: `SHA-256 ${record.sha256}`,
      found: sha256,
      todo: record.source ? 'Fetch it again, or copy it again.' : 'git checkout restores it, where it is committed.',
    })
  if (!isSafetensors) return
  const { tensors, metadata, notFinite } = scanSafetensors(file)
  if (notFinite !== null)
    throw new UserError({ where: `${file}, tensor ${notFinite}`, expected: 'finite numbers', found: 'NaN or infinity' })
  const config: unknown = metadata.format?.startsWith(OWN_FORMATS) ? JSON.parse(metadata.config ?? 'null') : null
  if (isJsonObject(config)) checkShapes(file, config, new Map(tensors.map((tensor) => [tensor.name, tensor])))
  const beside = ['all_config.yaml', 'config.json'].map((name) => path.join(path.dirname(file), name))
  for (const name of beside.filter((each) => fs.existsSync(each))) readConfigFile(name)
}
