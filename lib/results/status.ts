import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../errors.js'
import { checkFormatVersion } from '../files/format-version.js'
import { jsonText, readJson } from '../files/json.js'
import { openSealedJson, sealJson } from '../files/sealed-json.js'
import { FILES } from './layout.js'
import { writeRunFile } from './run-file.js'

const state = z.enum(['running', 'finished', 'failed', 'interrupted'])

/** Version of a run's folder, its tables included, that is written and read. */
export const FORMAT_VERSION = 4

/** Checksums that a file may have: one, and more while it is being replaced. */
const checksums = z.array(z.string().regex(/^[0-9a-f]{64}$/)).min(1)

const schema = z.strictObject({
  formatVersion: z.literal(FORMAT_VERSION),
  state,
  /** The last step that was logged. */
  step: z.int().min(0),
  /** Length of the run in steps, where known. */
  trainSteps: z.int().min(0).nullable(),
  /** Trainable numbers of the model, where known. */
  parameters: z.int().min(0).nullable(),
  /** Step of the checkpoint; null before the first. */
  checkpoint: z.int().min(0).nullable(),
  started: z.iso.datetime(),
  updated: z.iso.datetime(),
  /** Why it failed, or whatever else its end left to say. */
  message: z.string().nullable(),
  files: z.strictObject({
    [FILES.config]: checksums,
    [FILES.provenance]: checksums,
    [FILES.metrics]: checksums,
    [FILES.evaluations]: checksums,
    /** Written at the end of a run, so not every run has it. */
    [FILES.outcomes]: checksums.optional(),
    /** The checksum that the checkpoint carries itself. */
    [FILES.checkpoint]: checksums.optional(),
  }),
})

/**
 * The file's own checksum leaves the state out: whether a run goes on is a matter of its lease, and a run that is finished has made
 * all its steps, which are sealed.
 */
const OPEN = ['state']

/** `running`, `finished`, `failed` or `interrupted`; a run that says `running` and has nobody at work on it is interrupted. */
export type RunState = z.infer<typeof state>

/** What `status.json` says. */
export type RunStatus = z.infer<typeof schema>

/** Writes `status.json` of a run folder, with its own checksum. */
export function writeStatus(folder: string, status: RunStatus): void {
  writeRunFile(folder, FILES.status, jsonText(sealJson(status, OPEN)))
}

/** Reads `status.json` of a run folder. @throws UserError when it is missing, damaged or was changed. */
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
  const { state: now, step, trainSteps } = parsed.data
  if (now === 'finished' && trainSteps !== null && step < trainSteps)
    throw new UserError({
      where: file,
      expected: `a finished run with all its ${trainSteps} steps`,
      found: `${step}`,
      todo: 'Its state was changed by hand: "interrupted" lets it go on.',
    })
  return parsed.data
}
