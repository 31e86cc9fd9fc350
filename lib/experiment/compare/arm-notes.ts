import { collapseOf, collapseText } from '../../results/collapse.js'
import type { Arm } from './arm.js'
import { directionOf } from './measured.js'

/** Returns a remark on an arm's members that have no value; none where all have one. */
export function leftOut({ name, members }: Arm, known: number): string[] {
  const count = members.length - known
  return count === 0 ? [] : [`${name}: ${count} of ${counted(members.length, 'run')} left out, without a finite value.`]
}

/** Returns a remark on an arm's members that have not ended; none where all have. */
export function unfinished({ name, members }: Arm): string[] {
  const count = members.filter((member) => member.unfinished).length
  return count === 0 ? [] : [`${name}: ${count} of ${counted(members.length, 'run')} unfinished.`]
}

/** Returns a remark on an arm's members that have collapsed, as {@link collapseOf} defines it; none where none has. */
export function collapsed({ name, members }: Arm, metric: string): string[] {
  const better = directionOf(metric, members)
  if (better === null) return []
  const all = members.flatMap(({ id, evaluations, compared }) => {
    const collapse = collapseOf(evaluations, { metric, better }, compared?.config.ema)
    return collapse === null ? [] : [`${id}: ${collapseText(collapse)}`]
  })
  if (all.length === 0) return []
  return [
    `${name}: ${all.length} of ${counted(members.length, 'run')} collapsed after the best evaluation (${all.join('; ')}).`,
  ]
}

/** Returns a number with its noun: `1 run`, `3 runs`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
