import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.js'
import { differingHashes } from '../../files/hash-text.js'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'
import { hasEntry } from '../../files/regular.js'
import { readSealedJson, type SealedFormat, writeSealedJson } from '../../files/sealed-json.js'
import { fileHash } from '../../files/stream-hash.js'
import { describeIssue } from '../../options/options.js'

/** Folder of the weights that have a name: those that come with the project, and fetched public ones. */
export const WEIGHTS_FOLDER = path.join(projectFolder, 'data', 'weights')

const RECORD = 'record.json'
const FORMAT: SealedFormat = { what: 'the record of weights', version: 2, todo: 'The file is damaged.' }

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const share = z.number().min(0).max(1)

const evaluation = z.strictObject({
  /** D: supervision steps. */
  depth: z.int().min(1),
  /** K: rollouts of each puzzle, and σ of the noise on z before each supervision step. */
  rollouts: z.int().min(1),
  noise: z.number().min(0),
  /** Selector of the answer; null for one rollout. */
  select: z.string().nullable(),
  /** Number of test puzzles. */
  puzzles: z.int().min(1),
  /** Exact accuracy, with the ends of its 95 % Wilson interval. */
  exact: share,
  low: share,
  high: share,
})

const recordSchema = z.strictObject({
  /** One line: task, size, source. */
  summary: z.string(),
  /** File of the weights in the folder. */
  file: z.string().regex(/^[\w.-]+$/),
  sha256,
  /** File beside the weights that decides how they are used; absent where the weights hold their configuration. */
  config: z.strictObject({ file: z.string().regex(/^[\w.-]+$/), sha256 }).optional(),
  /** Number of trained parameters; null if unknown before the file is read. */
  parameters: z.int().min(1).nullable(),
  /** How the weights were trained here; absent for weights from elsewhere. */
  training: z
    .strictObject({
      /** Commands, in order. */
      commands: z.array(z.string()).min(1),
      seed: z.int().min(0),
      /** Hash of the data set that the configuration generates. */
      dataHash: sha256,
      /** Seconds of training without evaluations, with one thread. */
      seconds: z.number().min(0),
      machine: z.string(),
      date: z.string(),
    })
    .optional(),
  /** Exact accuracy on the test puzzles in float32, by depth. */
  evaluations: z.array(evaluation).optional(),
  /** Where fetched weights come from. */
  source: z
    .strictObject({
      repository: z.string(),
      /** Commit of the repository that the files were taken from; a branch if that is all that the hub reports; null for files put there by hand. */
      revision: z.string().nullable(),
      /** Path of the weights in the repository. */
      path: z.string(),
      /**
       * Origin of the SHA-256: `known` before the download, that of the `hub` at the first download, or that of a `file` put
       * there by hand.
       */
      checksum: z.enum(['known', 'hub', 'file']),
      date: z.string(),
    })
    .optional(),
})

/** The content of `record.json`, which describes weights with a name. */
export type WeightsRecord = z.infer<typeof recordSchema>

/** Weights with a name. */
export interface NamedWeights {
  readonly name: string
  /** Path of the weights. */
  readonly file: string
  /** Path of the configuration beside them; null without one. */
  readonly config: string | null
  readonly record: WeightsRecord
}

/** Returns the names of the weights in a folder, sorted. */
export function weightsNames(folder: string = WEIGHTS_FOLDER): string[] {
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder)
    .filter((name) => hasEntry(path.join(folder, name, RECORD)))
    .sort()
}

/**
 * Returns the weights of a name; null if there are none.
 *
 * @throws UserError if their record is damaged or of another format version, or their file is missing.
 */
export function weightsNamed(name: string, folder: string = WEIGHTS_FOLDER): NamedWeights | null {
  if (!weightsNames(folder).includes(name)) return null
  const record = readRecord(path.join(folder, name, RECORD))
  const file = path.join(folder, name, record.file)
  if (!fs.existsSync(file))
    throw new UserError({
      where: `weights ${name}`,
      expected: `the file ${file}`,
      found: 'none',
      todo: record.source
        ? `recurlab weights fetch ${name} downloads it.`
        : 'It is part of the repository: git checkout restores it.',
    })
  return { name, file, config: record.config ? path.join(folder, name, record.config.file) : null, record }
}

/**
 * Checks the SHA-256 of weights with a name and of their configuration, with a few megabytes in memory.
 *
 * @throws UserError when a file is damaged, or not the one that the record names.
 */
export function checkNamed({ name, file, config, record }: NamedWeights): void {
  const parts = [{ file, sha256: record.sha256 }]
  if (config !== null) parts.push({ file: config, sha256: record.config!.sha256 })
  for (const part of parts) {
    const found = fileHash(part.file)
    if (found === part.sha256) continue
    const [expected, other] = differingHashes(part.sha256, found)
    throw new UserError({
      where: part.file,
      expected: `a file of the weights ${name} (SHA-256 ${expected})`,
      found: `another one, or a damaged one (${other})`,
      todo: record.source
        ? `Remove it: recurlab weights fetch ${name} downloads it again.`
        : 'git checkout restores it.',
    })
  }
}

/** Reads the record of weights. @throws UserError when it is damaged or of another format version. */
export function readRecord(file: string): WeightsRecord {
  const parsed = recordSchema.safeParse(readSealedJson(file, FORMAT))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new UserError({
    where: `${file}, key ${issue.path.join('.')}`,
    expected: describeIssue(issue),
    found: 'another value',
    todo: FORMAT.todo,
  })
}

/** Returns where the weights in a folder come from; null if there are none, or they come with the project. */
export function sourceIn(folder: string): WeightsRecord['source'] | null {
  const file = path.join(folder, RECORD)
  return hasEntry(file) ? (readRecord(file).source ?? null) : null
}

/** Writes the record of weights into their folder, atomically, and returns it. */
export function writeWeightsRecord(folder: string, record: WeightsRecord): WeightsRecord {
  writeSealedJson(path.join(folder, RECORD), FORMAT, record)
  return record
}
