import path from 'node:path'
import { UserError } from '../../errors.js'
import type { Inspection } from '../../files/inspection.js'
import { isJsonObject } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { withOpenFile } from '../../files/pieces.js'
import { scanSafetensors } from '../../files/safetensors-scan.js'
import { checkShapes } from '../weights-file.js'
import { OWN_FORMATS } from '../weights-format.js'
import { checkNamed, readRecord, type WeightsRecord } from './record.js'

/**
 * Inspects weights with a name: their record, the SHA-256 of their files, and of a safetensors file every number and the
 * shapes. Of a file of PyTorch the SHA-256 alone counts: it decides every byte.
 *
 * @returns the record; undefined when it is damaged
 */
export function inspectWeights(dir: string, inspection: Inspection): WeightsRecord | undefined {
  const record = inspection.attempt(() => readRecord(path.join(dir, 'record.json')))
  if (!record) return undefined
  const [name, file] = [path.basename(path.resolve(dir)), path.join(dir, record.file)]
  const config = record.config ? path.join(dir, record.config.file) : null
  const isOwn = inspection.attempt(() => {
    checkNamed({ name, file, config, record })
    return true
  })
  for (const each of config === null ? [file] : [file, config])
    inspection.read(fs.statSync(each, { throwIfNoEntry: false })?.size ?? 0)
  if (isOwn) inspection.attempt(() => inspectNumbers(file))
  return record
}

/** Checks the numbers and the shapes in a safetensors file. @throws UserError naming the tensor at fault */
function inspectNumbers(file: string): void {
  if (!withOpenFile(file, undefined, (open) => open.read(8, 1)[0] === BRACE)) return
  const { tensors, metadata, notFinite } = scanSafetensors(file)
  if (notFinite !== null)
    throw new UserError({ where: `${file}, tensor ${notFinite}`, expected: 'finite numbers', found: 'NaN or infinity' })
  const config: unknown = metadata.format?.startsWith(OWN_FORMATS) ? JSON.parse(metadata.config ?? 'null') : null
  if (isJsonObject(config)) checkShapes(file, config, new Map(tensors.map((tensor) => [tensor.name, tensor])))
}

/** Byte of the brace that begins a header, after eight bytes of its length. */
const BRACE = 0x7b
