import { z } from 'zod'
import { UserError } from '../errors.js'
import { MOST_UPDATES } from './update.js'

/** A hidden state computed from others: net(a + (b + c)), or their plain sum. */
export interface Assignment {
  readonly net: 'net' | 'netY' | 'plus'
  /**
   * Numbers of one to three states. In an update 0 is x, followed by the latents in order, then the update's assignments.
   */
  readonly addends: readonly number[]
}

/** An update as data. */
export interface RecordedUpdate {
  readonly assignments: readonly Assignment[]
  /** The number of each latent's new state; unchanged latents are omitted. */
  readonly latents: Readonly<Record<string, number>>
}

/**
 * The recursion of a supervision step as plain data, as stored in configurations and run records. Built by `recursion`,
 * `trm`, `trmSingle`, `trmMulti` and `hrm`.
 */
export interface Recursion {
  /** Label in tables and curves; it does not affect the computation. */
  readonly name?: string
  /** Names of the latents; the heads read the first, the answer y (z if there is no y). */
  readonly latents: readonly string[]
  /** The distinct updates. */
  readonly updates: readonly RecordedUpdate[]
  /** The updates of a supervision step in order, as indices into `updates`. */
  readonly order: readonly number[]
  /** Number of final updates that carry gradient; the updates before them are treated as constants. */
  readonly gradientUpdates: number
}

const LATENT = /^[a-z][A-Za-z0-9]{0,30}$/

const latentName = z
  .string()
  .regex(LATENT, 'expected names of latents that begin with a small letter, of letters and digits, up to 31')
  .refine((name) => name !== 'x', 'expected another name than x, which is the embedded puzzle')

const index = z.int().min(0)

/** Parses a {@link Recursion} from JSON; `checkRecursion` validates its numbers. */
export const recursionSchema = z.strictObject({
  name: z.string().optional(),
  latents: z.array(latentName).min(1).max(1001),
  updates: z
    .array(
      z.strictObject({
        assignments: z
          .array(z.strictObject({ net: z.enum(['net', 'netY', 'plus']), addends: z.array(index).min(1).max(3) }))
          .max(1000),
        latents: z.record(z.string(), index),
      }),
    )
    .min(1),
  order: z.array(index).min(1).max(MOST_UPDATES),
  gradientUpdates: z.int(),
})

/** Refuses latent names that a recursion cannot store. @throws UserError naming the first. */
export function checkLatentNames(latents: readonly string[]): void {
  for (const name of latents) {
    const parsed = latentName.safeParse(name)
    if (!parsed.success || latents.indexOf(name) !== latents.lastIndexOf(name))
      throw new UserError({
        where: 'latents of the recursion',
        expected: parsed.success ? 'every latent once' : parsed.error.issues[0]!.message.replace(/^expected /, ''),
        found: JSON.stringify(name),
        exitCode: 2,
      })
  }
}
