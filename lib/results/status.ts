import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../errors.js'
import { sha256 } from '../files/atomic.js'
import { checkFormatVersion } from '../files/format-version.js'
import { jsonText, readJson } from '../files/json.js'
import { openSealedJson, sealJson } from '../files/sealed-json.js'
import { FILES } from './layout.js'
import { writeRunFile } from './run-file.js'

const state = z.enum(['running', 'finished', 'failed', 'interrupted'])

const endReason = z.enum(['trainSteps', 'until', 'maxSeconds', 'patience'])

/** The key of the configuration that ended a finished run. */
export type EndReason = z.infer<typeof endReason>

/** Format version of a run's folder, including its tables. */
export const FORMAT_VERSION = 7

const checksum = z.string().regex(/^[0-9a-f]{64}$/)

/** Valid checksums of a file: one, or the old and the new one while the file is replaced. */
const checksums = z.array(checksum).min(1)

/**
 * How much of a table is complete, and the checksum of that: one extent, or the old and the new one while the file is
 * replaced. What follows in the file is being written.
 */
const extents = z.array(z.strictObject({ bytes: z.int().min(0), checksum })).min(1)

const schema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  state,
  /** Last logged step. */
  step: z.int().min(0),
  /** Length of the run in steps; null when unknown. */
  trainSteps: z.int().min(0).nullable(),
  /** Number of trainable parameters; null when unknown. */
  parameters: z.int().min(0).nullable(),
  /** Reason for which a finished run ended; null for any other. */
  ended: endReason.nullable(),
  /** Step of the newest checkpoint; null before the first. */
  checkpoint: z.int().min(0).nullable(),
  /**
   * The checkpoints that are kept, by step in ascending order, each with the checksum in its own metadata; two of one step
   * while that file is replaced.
   */
  checkpoints: z.array(z.strictObject({ step: z.int().min(0), checksum })),
  started: z.iso.datetime(),
  updated: z.iso.datetime(),
  /** Reason of a failure, or another remark on the run's end; null without one. */
  message: z.string().nullable(),
  files: z.strictObject({
    [FILES.config]: checksums,
    [FILES.provenance]: checksums,
    [FILES.metrics]: extents,
    [FILES.evaluations]: extents,
    /** Absent until the last evaluation of a run. */
    [FILES.outcomes]: checksums.optional(),
  }),
  /** Files with the uncommitted changes to the code, of the start and of resumptions: `code.diff`, `code-from-STEP.diff`. */
  diffs: z.record(z.string().regex(/^code(-from-\d+)?\.diff$/), checksums),
})

/**
 * Excluded from the file's own checksum: the lease decides whether a run is active, and what has ended a finished run is
 * covered by the checksum.
 */
const OPEN = ['state']

/** State of a run. A `running` run without a process working on it counts as `interrupted`. */
export type RunState = z.infer<typeof state>

/** Content of `status.json`. */
export type RunStatus = z.infer<typeof schema>

/** Writes `status.json` of a run folder, with its own checksum. */
export function writeStatus(folder: string, status: RunStatus): void {
  writeRunFile(folder, FILES.status, jsonText(sealJson(status, OPEN)))
}

/**
 * Returns a hash that tells a run from all others, whatever its folder is called: files that somebody may exchange between runs, such
 * as labels, carry it.
 */
export function runIdentity({ started, files }: RunStatus): string {
  return sha256(`${started} ${files[FILES.config].join(' ')}`)
}

/** Reads `status.json` of a run folder. @throws UserError when it is missing, damaged or modified. */
export function readStatus(folder: string): RunStatus {
  const file = path.join(folder, FILES.status)
  const json = readJson(file)
  checkFormatVersion(json, file, 'the status of a run', FORMAT_VERSION)
  const parsed = schema.safeParse(
    openSealedJson(json, file, 'The file is damaged or was changed: copy it again, or train again.', OPEN),
  )
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new UserError({
      where: file,
      expected: 'the status of a run',
      found: `${issue?.path.join('.') || 'the object'}: ${issue?.message ?? 'something else'}`,
      todo: 'The file is damaged or of another version of Recurlab.',
    })
  }
  const { state: now, step, trainSteps, ended } = parsed.data
  const lacksSteps = ended === 'trainSteps' && trainSteps !== null && step < trainSteps
  if (now === 'finished' && (ended === null || lacksSteps))
    throw new UserError({
      where: file,
      expected: trainSteps === null ? 'a finished run' : `a finished run with all its ${trainSteps} steps`,
      found: trainSteps === null ? 'one that did not end by itself' : `${step}`,
      todo: 'Its state was edited: set it to "interrupted" to resume the run.',
    })
  return parsed.data
}
