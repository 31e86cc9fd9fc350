import type { Arm } from './arm.js'

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

/** Returns a number with its noun: `1 run`, `3 runs`. */
export function counted(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
