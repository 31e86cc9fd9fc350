import { z } from 'zod'
import type { DatasetManifest } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { isJsonObject, jsonText, readJson, shown } from '../files/json.js'
import { openSealedJson, sealJson } from '../files/sealed-json.js'
import { describeIssue } from '../options/options.js'

/** Name of the file in a data set's folder. */
export const MANIFEST = 'manifest.json'

/** Format version of the folder: 2 since the hash covers the arrays and is stored. */
export const FORMAT_VERSION = 2

/** A file in a data set's folder. */
export interface StoredFile {
  name: string
  sha256: string
}

/** Content of the `manifest.json` in a data set's folder. */
export interface StoredManifest extends DatasetManifest {
  formatVersion: typeof FORMAT_VERSION
  /** `datasetHash` of the saved data set. */
  hash: string
  /**
   * Arrow file of each split, by name and SHA-256; `identifiers`, when the rows of the puzzle embedding have names, and
   * `tests`, the test tasks that votes are counted for.
   */
  files: Record<'train' | 'test', StoredFile> & { identifiers?: StoredFile | undefined; tests?: StoredFile | undefined }
}

const CHANGED = 'It is damaged or was changed: copy it again, or build the data set again with other options.'

const count = z.int().min(0)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const sourceFile = z.strictObject({ path: z.string(), sha256 })
const storedFile = z.strictObject({ name: z.string().regex(/^[\w.-]+$/), sha256 })

const manifestSchema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  hash: sha256,
  task: z.string(),
  options: z.record(z.string(), z.unknown()),
  source: z.union([
    z.strictObject({ kind: z.literal('generated') }),
    sourceFile.extend({ kind: z.literal('file'), test: sourceFile.optional() }),
    z.strictObject({ kind: z.literal('files'), files: z.array(sourceFile) }),
  ]),
  seed: count,
  vocabSize: z.int().min(2).max(256),
  seqLen: z.int().min(1),
  padId: count,
  ignoreLabelId: count,
  blankId: count,
  puzzleIdentifiers: z.int().min(1),
  counts: z.strictObject({ train: count, test: count }),
  disjoint: z.string(),
  solutions: z.string(),
  augmentation: z.string().optional(),
  files: z.strictObject({
    train: storedFile,
    test: storedFile,
    identifiers: storedFile.optional(),
    tests: storedFile.optional(),
  }),
})

/** Returns the text of a manifest file, with its own checksum. */
export function manifestText(manifest: StoredManifest): string {
  return jsonText(sealJson(manifest))
}

/**
 * Reads a data set's manifest.
 *
 * @throws UserError when it is missing, not JSON, of another format version, incomplete, or modified.
 */
export function readManifest(file: string): StoredManifest {
  const json = readJson(file)
  const version = json.formatVersion
  if (version !== FORMAT_VERSION)
    throw new UserError({
      where: file,
      expected: `a data set of format version ${FORMAT_VERSION}`,
      found: version === undefined ? 'none named' : JSON.stringify(version),
      todo:
        typeof version === 'number' && version > FORMAT_VERSION
          ? 'A later Recurlab wrote it: update this one, or build the data set again with this one.'
          : 'Build the data set again with this Recurlab and --force, from the options that are in the file.',
    })
  const parsed = manifestSchema.safeParse(openSealedJson(json, file, CHANGED))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const at = issue.path.reduce<unknown>((value, key) => (isJsonObject(value) ? value[String(key)] : undefined), json)
  throw new UserError({
    where: `${file}${issue.path.length > 0 ? `, key ${issue.path.join('.')}` : ''}`,
    ...(issue.code === 'unrecognized_keys'
      ? { expected: `no key but ${Object.keys(manifestSchema.shape).join(', ')}`, found: issue.keys.join(', ') }
      : { expected: describeIssue(issue), found: shown(at) }),
    todo: 'Build the data set again.',
  })
}
