import { z } from 'zod'
import { UserError } from '../errors.js'
import { MOST_UPDATES } from './update.js'

/** A hidden state that is made of others: net(a + (b + c)), or their sum alone. */
export interface Assignment {
  readonly net: 'net' | 'netY' | 'plus'
  /** Numbers of one to three states. In an update 0 is x, then come the latents in their order, then its assignments. */
  readonly addends: readonly number[]
}

/** An update as data. */
export interface RecordedUpdate {
  readonly assignments: readonly Assignment[]
  /** The numbers of the states that the latents become; those that stay are left out. */
  readonly latents: Readonly<Record<string, number>>
}

/**
 * The recursion of a supervision step as plain data: what a configuration and a run's record hold. Made by `recursion`, `trm`,
 * `trmSingle`, `trmMulti` and `hrm`.
 */
export interface Recursion {
  /** Label in tables and curves; without effect on the computation. */
  readonly name?: string
  /** The latents by name: the answer y first (z where there is no y), which the heads read. */
  readonly latents: readonly string[]
  /** The different updates. */
  readonly updates: readonly RecordedUpdate[]
  /** The updates of a supervision step one after the other, as places in `updates`. */
  readonly order: readonly number[]
  /** Updates at the end through which the gradient flows; those before them compute constants. */
  readonly gradientUpdates: number
}

const LATENT = /^[a-z][A-Za-z0-9]{0,30}$/

const latentName = z
  .string()
  .regex(LATENT, 'expected names of latents that begin with a small letter, of letters and digits, up to 31')
  .refine((name) => name !== 'x', 'expected another name than x, which is the embedded puzzle')

const index = z.int().min(0)

/** A {@link Recursion} as JSON has it; whether its numbers mean something is checked elsewhere. */
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

/** Refuses names that no recursion can store. @throws UserError naming the first. */
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
