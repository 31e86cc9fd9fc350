import path from 'node:path'
import { z } from 'zod'
import { UserError } from '../errors.js'
import { readJson, writeJson } from '../files/json.js'
import { FILES } from './layout.js'

const state = z.enum(['running', 'finished', 'failed', 'interrupted'])

/** Checksums that a file of rows may have: one, and more while it is being replaced. */
const checksums = z.array(z.string().regex(/^[0-9a-f]{64}$/)).min(1)

const schema = z.strictObject({
  formatVersion: z.literal(1),
  state,
  /** The last step that was logged. */
  step: z.int().min(0),
  /** Length of the run in steps, where known. */
  steps: z.int().min(0).nullable(),
  /** Trainable numbers of the model, where known. */
  parameters: z.int().min(0).nullable(),
  /** Step of the checkpoint; null before the first. */
  checkpoint: z.int().min(0).nullable(),
  started: z.iso.datetime(),
  updated: z.iso.datetime(),
  /** Why it failed, or whatever else its end left to say. */
  message: z.string().nullable(),
  owner: z.strictObject({ host: z.string(), pid: z.int(), began: z.string() }),
  files: z.strictObject({
    [FILES.metrics]: checksums,
    [FILES.evaluations]: checksums,
    /** Written at the end of a run, so not every run has it. */
    [FILES.outcomes]: checksums.optional(),
  }),
})

/** `running`, `finished`, `failed` or `interrupted`; a run whose process is gone is interrupted. */
export type RunState = z.infer<typeof state>

/** What `status.json` says. */
export type RunStatus = z.infer<typeof schema>

/** Writes `status.json` of a run folder. */
export function writeStatus(folder: string, status: RunStatus): void {
  writeJson(path.join(folder, FILES.status), status)
}

/** Reads `status.json` of a run folder. @throws UserError when it is missing or damaged. */
export function readStatus(folder: string): RunStatus {
  const file = path.join(folder, FILES.status)
  const parsed = schema.safeParse(readJson(file))
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  throw new UserError({
    where: file,
    expected: 'the status of a run',
    found: `${issue?.path.join('.') || 'the object'}: ${issue?.message ?? 'something else'}`,
    todo: 'The file is damaged or of another version of Recurlab.',
  })
}
