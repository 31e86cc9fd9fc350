import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.js'
import { checkFormatVersion } from '../../files/format-version.js'
import { readJson, writeJson } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'
import { describeIssue } from '../../options/options.js'

/** Folder of the weights that have a name: those that come with the project, and fetched public ones. */
export const WEIGHTS_FOLDER = path.join(projectFolder, 'data', 'weights')

const RECORD = 'record.json'
const FORMAT_VERSION = 1

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
  formatVersion: z.literal(FORMAT_VERSION),
  /** One line: task, size, source. */
  summary: z.string(),
  /** File of the weights in the folder. */
  file: z.string().regex(/^[\w.-]+$/),
  sha256,
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
  readonly record: WeightsRecord
}

/** Returns the names of the weights in a folder, sorted. */
export function weightsNames(folder: string = WEIGHTS_FOLDER): string[] {
  if (!fs.existsSync(folder)) return []
  return fs
    .readdirSync(folder)
    .filter((name) => fs.existsSync(path.join(folder, name, RECORD)))
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
  return { name, file, record }
}

/** Reads the record of weights. @throws UserError when it is damaged or of another format version. */
export function readRecord(file: string): WeightsRecord {
  const json = readJson(file)
  checkFormatVersion(json, file, 'the record of weights', FORMAT_VERSION)
  const parsed = recordSchema.safeParse(json)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  throw new UserError({
    where: `${file}, key ${issue.path.join('.')}`,
    expected: describeIssue(issue),
    found: 'another value',
    todo: 'The file is damaged.',
  })
}

/** Returns where the weights in a folder come from; null if there are none, or they come with the project. */
export function sourceIn(folder: string): WeightsRecord['source'] | null {
  const file = path.join(folder, RECORD)
  return fs.existsSync(file) ? (readRecord(file).source ?? null) : null
}

/** Writes the record of weights into their folder, atomically, and returns it. */
export function writeWeightsRecord(folder: string, content: Omit<WeightsRecord, 'formatVersion'>): WeightsRecord {
  const record = { formatVersion: FORMAT_VERSION, ...content } as const
  writeJson(path.join(folder, RECORD), record)
  return record
}
