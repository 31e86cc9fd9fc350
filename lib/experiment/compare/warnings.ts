import type { Difference } from '../../statistics/difference.js'
import { mean } from '../../statistics/estimate.js'
import { type Arm, type ArmMember, isSameMember } from './arm.js'
import { counted, leftOut, unfinished } from './arm-notes.js'
import type { KnownMember, Matched } from './pairs.js'

/** Fewer runs than this are too few. */
const TOO_FEW = 3
/** From this number on, runs need no warning. */
const ENOUGH = 5
/** Ratio of compute from which one arm had more. */
const MORE = 1.1

/** Returns the weaknesses of a comparison, one sentence each: few seeds, other seeds, other data, more compute on one side. */
export function warningsOn(a: Arm, b: Arm, values: Matched, difference: Difference): string[] {
  return [
    ...fewRuns(a, b, values, difference),
    ...otherSeeds(a, b, values, difference),
    ...otherRuns(a, b, values, difference.test === 'paired t'),
    ...otherData(a, b, values),
    ...otherCompute(a, b, values),
    ...(values.a.length + values.b.length > 2 && (difference.sd === 0 || difference.statistic === null)
      ? ['The values have no variance; an interval without width is no certainty.']
      : []),
  ]
}

function fewRuns(a: Arm, b: Arm, values: Matched, difference: Difference): string[] {
  const [na, nb] = [values.a.length, values.b.length]
  if (na === 1 && nb === 1)
    return [
      difference.method === null
        ? 'One run each: the spread over seeds is unknown. Train more seeds.'
        : 'One run each: the interval is over puzzles, the spread over seeds is unknown. Train more seeds.',
    ]
  const n = difference.test === 'paired t' ? values.pairs.length : Math.min(na, nb)
  const few = difference.test === 'paired t' ? `${n} pairs` : `${counted(n, 'run')} of ${na <= nb ? a.name : b.name}`
  if (n < TOO_FEW) return [`${few}: too few for a conclusion. Train ${TOO_FEW} seeds or more, better ${ENOUGH}.`]
  return n < ENOUGH ? [`${few}: few; ${ENOUGH} or more make the interval narrower and surer.`] : []
}

function otherSeeds(a: Arm, b: Arm, { alone, a: ours, b: theirs, pairs }: Matched, difference: Difference): string[] {
  const single = ours.length === 1 && theirs.length === 1
  const unknown = [...ours, ...theirs].some(({ member }) => member.seed === null)
  if (unknown) return [`The seed of a value is unknown${single ? '' : '; the values are not paired by seed'}.`]
  const parts = [
    ...(alone.a.length > 0 ? [`only ${a.name} has ${listed(alone.a)}`] : []),
    ...(alone.b.length > 0 ? [`only ${b.name} has ${listed(alone.b)}`] : []),
  ]
  if (parts.length === 0) return []
  const effect = single
    ? ''
    : difference.test === 'paired t'
      ? `; these runs are left out, ${pairs.length} pairs remain`
      : '; the values are not paired'
  return [`The seeds differ: ${parts.join(', ')}${effect}.`]
}

function otherRuns(
  a: Arm,
  b: Arm,
  { a: ours, b: theirs, repeats, differBy, matchedBy }: Matched,
  paired: boolean,
): string[] {
  const inBoth = a.members.filter((one) => b.members.some((other) => isSameMember(one, other))).length
  return [
    ...[[a, ours] as const, [b, theirs] as const].flatMap(([arm, known]) => [
      ...leftOut(arm, known.length),
      ...unfinished(arm),
    ]),
    ...(inBoth > 0 ? [`${inBoth} ${inBoth === 1 ? 'run is' : 'runs are'} in both arms.`] : []),
    ...(repeats
      ? [`A seed has several runs${paired ? '; their mean counts once' : ', which are not independent'}.`]
      : []),
    ...(differBy.length > 1 ? [`The arms differ in several keys: ${differBy.join(', ')}.`] : []),
    ...(matchedBy.length > 0
      ? [`Within the arms ${matchedBy.join(', ')} ${matchedBy.length === 1 ? 'varies' : 'vary'} too.`]
      : []),
  ]
}

function otherData(a: Arm, b: Arm, { a: ours, b: theirs }: Matched): string[] {
  const hashesOf = (known: readonly KnownMember[]): string[] =>
    [...new Set(known.flatMap(({ member: { dataHash } }) => (dataHash === null ? [] : [dataHash])))].sort()
  const [x, y] = [hashesOf(ours), hashesOf(theirs)]
  const tested = (known: readonly KnownMember[]): Set<number> =>
    new Set(known.flatMap(({ measured: { counted } }) => (counted ? [counted.of] : [])))
  if (x.length > 1 || y.length > 1) return ['The data sets differ between runs of an arm.']
  if (x.length > 0 && y.length > 0 && x[0] !== y[0]) return [`The data sets of ${a.name} and ${b.name} differ.`]
  const sizes = new Set([...tested(ours), ...tested(theirs)])
  return sizes.size > 1 ? [`The numbers of test puzzles differ: ${[...sizes].sort((m, n) => m - n).join(', ')}.`] : []
}

/** Warns of unequal training compute, or optimiser steps where it is unknown, and of unequal evaluations. */
function otherCompute(a: Arm, b: Arm, { a: ours, b: theirs }: Matched): string[] {
  const compare = (of: (member: ArmMember) => number | null, text: string): string[] | null => {
    const [x, y] = [meanOf(ours, of), meanOf(theirs, of)]
    if (x === null || y === null || !(x > 0 && y > 0)) return null
    const ratio = Math.max(x, y) / Math.min(x, y)
    const [more, less] = x > y ? [a, b] : [b, a]
    return ratio < MORE ? [] : [`${more.name} had ${Number(ratio.toPrecision(2))} times the ${text} of ${less.name}.`]
  }
  const last =
    (column: string) =>
    ({ evaluations }: ArmMember): number | null =>
      numberIn(evaluations.at(-1)?.[column])
  const rows = (member: ArmMember): number | null => {
    const [step, batch] = [last('step')(member), numberIn(member.compared?.config.batch)]
    return step === null || batch === null ? null : step * batch
  }
  return [
    ...(compare(last('trainMacs'), 'training compute') ??
      compare(rows, 'training rows (optimiser steps × batch)') ??
      []),
    ...(compare(last('supervisionSteps'), 'supervision steps in evaluation') ?? []),
  ]
}

function meanOf(known: readonly KnownMember[], of: (member: ArmMember) => number | null): number | null {
  const values = known.map(({ member }) => of(member))
  if (values.length === 0 || values.some((value) => value === null)) return null
  return mean(values as number[])
}

function numberIn(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

function listed(seeds: readonly number[]): string {
  const shown = seeds.slice(0, 8).join(', ')
  return `${seeds.length === 1 ? 'seed' : 'seeds'} ${shown}${seeds.length > 8 ? ', …' : ''}`
}
