import { ablationConfig } from '../../ablations/index.js'
import { table1 } from '../../ablations/table1.js'
import { configIdentity } from '../../config/effective.js'
import { parseConfig } from '../../config/parse.js'
import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import type { Arm } from './arm.js'

/** A published difference, a − b. */
export interface ReportedDifference {
  /** In points of a percentage for a share, else in the metric's unit. */
  readonly value: number
  /** The rows that it is the difference of; null if only the difference was given. */
  readonly methods: readonly [a: string, b: string] | null
  readonly source: string
}

/** The task of Table 1, and the parts of a configuration that its rows vary. */
const COMPARED = [
  'task',
  'model',
  'latents',
  'networks',
  'gradient',
  'recursion',
  'halting',
  'layers',
  'layersH',
  'T',
  'n',
  'mixer',
] as const

/** Values of {@link COMPARED} by key, and whether the weights are averaged. */
type Signature = Readonly<Record<string, unknown>>

/**
 * Returns the difference that the paper reports for two arms: that of the rows of Table 1 (arXiv 2510.04871) whose models
 * the arms have, or else of TRM and the one row that differs from it as the arms differ from each other, at whatever size.
 * null if the task is another than the table's, the metric is not exact accuracy, or no rows match.
 */
export function reportedDifference(a: Arm, b: Arm, metric: string): ReportedDifference | null {
  const [ours, theirs] = [signatureOf(a), signatureOf(b)]
  if (metric !== 'test.exact' || !ours || !theirs) return null
  const rows = table1.map((row) => ({ row, has: signature(parseConfig(ablationConfig(row))) }))
  if ([ours, theirs].some(({ task }) => task !== rows[0]!.has.task)) return null
  const exact = (of: Signature): (typeof rows)[number] | undefined =>
    rows.find(({ has }) => differing(has, of).length === 0)
  let [x, y] = [exact(ours), exact(theirs)]
  if (!x || !y) {
    const trm = rows.find(({ row }) => Object.keys(row.changes).length === 0)!
    const pairs = rows
      .filter((other) => other !== trm)
      .flatMap((other) => [[trm, other] as const, [other, trm] as const])
    ;[x, y] = pairs.find(([one, two]) => differAlike([one.has, two.has], [ours, theirs])) ?? [undefined, undefined]
  }
  if (x === y || x?.row.reported.value == null || y?.row.reported.value == null) return null
  return {
    value: x.row.reported.value - y.row.reported.value,
    methods: [x.row.method, y.row.method],
    source: x.row.reported.source,
  }
}

/** Returns the reported difference that a caller gives. @throws UserError (exit code 2) unless it is a finite number. */
export function givenDifference(
  given: number | { readonly value: number; readonly source?: string },
): ReportedDifference {
  const { value, source = 'reported' } = typeof given === 'number' ? { value: given } : given
  if (Number.isFinite(value)) return { value, methods: null, source }
  throw new UserError({ where: 'reported', expected: 'a finite difference', found: String(value), exitCode: 2 })
}

/** Returns the signature that all members of an arm share; null if they differ, or one is unknown. */
function signatureOf({ members }: Arm): Signature | null {
  const all = members.map(({ compared }) => {
    const config = compared && parsed(compared.config)
    return config ? signature(config) : null
  })
  const [first] = all
  return first && all.every((one) => one && differing(one, first).length === 0) ? first : null
}

/** Returns a configuration; null if it is of another version. */
function parsed(config: Readonly<Record<string, unknown>>): Config | null {
  try {
    return parseConfig(config)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

function signature(config: Config): Signature {
  const identity = configIdentity(config)
  return { ...Object.fromEntries(COMPARED.map((key) => [key, identity[key]])), averaged: config.ema > 0 }
}

function differing(a: Signature, b: Signature): string[] {
  return Object.keys(a).filter((key) => a[key] !== b[key])
}

/** Returns whether two pairs differ in the same keys, with the same values there. */
function differAlike([a, b]: readonly [Signature, Signature], [x, y]: readonly [Signature, Signature]): boolean {
  const keys = differing(a, b)
  return keys.join() === differing(x, y).join() && keys.every((key) => a[key] === x[key] && b[key] === y[key])
}
