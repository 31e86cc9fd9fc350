import { ConfigComparison } from '../../results/config-comparison.js'
import { mean } from '../../statistics/estimate.js'
import { grouped } from '../../statistics/grouped.js'
import type { Arm, ArmMember } from './arm.js'
import { lastOf, type Measured } from './measured.js'

/** A member of an arm that has a value. */
export interface KnownMember {
  readonly member: ArmMember
  readonly measured: Measured
}

/** The values of two arms, matched where seeds (and any other key that varies within the arms) agree. */
export interface Matched {
  readonly a: readonly KnownMember[]
  readonly b: readonly KnownMember[]
  /** Values of pairs; the mean where an arm has several runs of a seed. */
  readonly pairs: readonly (readonly [a: number, b: number])[]
  /** Seeds of the runs that are in no pair, ascending. */
  readonly alone: { readonly a: readonly number[]; readonly b: readonly number[] }
  /** Whether an arm has several runs of one seed and configuration. */
  readonly repeats: boolean
  /** The keys, besides the seed, by which pairs are matched. */
  readonly matchedBy: readonly string[]
  /** The keys in which the arms differ. */
  readonly differBy: readonly string[]
}

/** Matches the last values of a metric in two arms. */
export function matched(a: Arm, b: Arm, metric: string): Matched {
  const [ours, theirs] = [knownIn(a, metric), knownIn(b, metric)]
  const { matchedBy, differBy, keyOf } = keysOf(a.members, b.members)
  const [byKeyA, byKeyB] = [byKey(ours, keyOf), byKey(theirs, keyOf)]
  const shared = [...byKeyA.keys()].filter((key) => byKeyB.has(key))
  const seedsWithout = (known: readonly KnownMember[]): number[] => {
    const left = known.filter(({ member }) => !shared.includes(keyOf(member)))
    return [...new Set(left.flatMap(({ member: { seed } }) => (seed === null ? [] : [seed])))].sort((x, y) => x - y)
  }
  return {
    a: ours,
    b: theirs,
    pairs: shared.map((key) => [meanOf(byKeyA.get(key)!), meanOf(byKeyB.get(key)!)] as const),
    alone: { a: seedsWithout(ours), b: seedsWithout(theirs) },
    repeats: [...byKeyA.values(), ...byKeyB.values()].some((values) => values.length > 1),
    matchedBy,
    differBy,
  }
}

function knownIn({ members }: Arm, metric: string): KnownMember[] {
  return members.flatMap((member) => {
    const measured = lastOf(member, metric)
    return measured ? [{ member, measured }] : []
  })
}

/** Splits the keys that vary into those that separate the arms and those that vary within one. */
function keysOf(
  a: readonly ArmMember[],
  b: readonly ArmMember[],
): Pick<Matched, 'matchedBy' | 'differBy'> & { keyOf(member: ArmMember): string | null } {
  const configs = [...a, ...b].flatMap(({ compared }) => (compared ? [compared] : []))
  const comparison = new ConfigComparison(configs)
  const keys = comparison.keys.filter((key) => key !== 'seed')
  const valuesIn = (members: readonly ArmMember[], key: string): Set<unknown> =>
    new Set(members.map(({ compared }) => (compared ? comparison.value(compared, key) : null)))
  const differBy = keys.filter((key) => valuesIn(a, key).size === 1 && valuesIn(b, key).size === 1)
  const matchedBy = keys.filter((key) => !differBy.includes(key))
  const keyOf = ({ seed, compared }: ArmMember): string | null =>
    seed === null
      ? null
      : JSON.stringify([seed, ...matchedBy.map((key) => (compared ? comparison.value(compared, key) : null))])
  return { matchedBy, differBy, keyOf }
}

/** Returns the members by their key, without those that have none. */
function byKey(
  known: readonly KnownMember[],
  keyOf: (member: ArmMember) => string | null,
): Map<string | null, KnownMember[]> {
  const groups = grouped(known, ({ member }) => keyOf(member))
  groups.delete(null)
  return groups
}

function meanOf(known: readonly KnownMember[]): number {
  return mean(known.map(({ measured }) => measured.value))
}
