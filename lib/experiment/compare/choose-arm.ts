import { effectiveValue } from '../../config/effective.js'
import { parseConfig } from '../../config/parse.js'
import { type Config, configSchema } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import { didYouMean } from '../../options/nearest.js'
import type { Comparison } from '../../results/comparison.js'
import { Arm, arm, type MadeEvaluation, runMember, type SummarisedRun } from './arm.js'
import { configurationArms, liveArms } from './summary.js'

/**
 * One side of a comparison: the label of a configuration (`'mlp'`; `'mlp, live weights'` for those beside the EMA), a run's
 * ID or the beginning of one, the name of an arm, a filter of configurations (`{ mixer: 'mlp' }`), runs, evaluations made
 * afterwards, or an `Arm`.
 */
export type ArmChoice =
  | string
  | Arm
  | Partial<{ readonly [K in keyof Config]: unknown }>
  | { readonly all: readonly SummarisedRun[] }
  | readonly (SummarisedRun | MadeEvaluation)[]

/** Where arms are chosen from. */
export interface ArmSource {
  readonly runs: readonly SummarisedRun[]
  readonly comparison: Comparison<SummarisedRun>
  /** Evaluations made afterwards. */
  readonly arms: readonly Arm[]
}

/**
 * Returns the arm of a choice.
 *
 * @param where the argument, for errors, e.g. `a`
 * @throws UserError (exit code 2) for a label or a key that does not exist, with the nearest, and for a choice without runs.
 */
export function chooseArm(choice: ArmChoice, where: string, source: ArmSource): Arm {
  if (typeof choice === 'string') return labelled(choice, where, source)
  if (choice instanceof Arm) return choice
  if (Array.isArray(choice)) return arm(nameOf(choice, source), choice)
  if (isRuns(choice)) return arm(nameOf(choice.all, source), choice.all)
  if (typeof choice === 'object' && choice !== null) return filtered(choice as Partial<Config>, where, source)
  throw new UserError({ where, expected: 'a label, a filter, runs or evaluations', found: typeof choice, exitCode: 2 })
}

/** Returns the arms that have names: configurations, live weights, and evaluations made afterwards. */
export function namedArms({ runs, comparison, arms }: ArmSource): Arm[] {
  return [...configurationArms(runs, comparison), ...liveArms(runs, comparison), ...arms]
}

function labelled(label: string, where: string, source: ArmSource): Arm {
  const named = namedArms(source)
  const found = named.find(({ name }) => name === label)
  if (found) return found
  const runs = label === '' ? [] : source.runs.filter(({ id }) => id.startsWith(label))
  if (runs.length === 1) return new Arm(runs[0]!.id, [runMember(runs[0]!)])
  const names = named.map(({ name }) => name)
  const near = didYouMean(label, names)
  throw new UserError({
    where,
    expected: `the label of a configuration: ${few(names)}`,
    found: JSON.stringify(label),
    ...(near === undefined ? {} : { todo: near }),
    exitCode: 2,
  })
}

function filtered(filter: Partial<Config>, where: string, { runs, comparison }: ArmSource): Arm {
  const entries = Object.entries(filter) as [keyof Config, unknown][]
  for (const [key] of entries)
    if (!Object.hasOwn(configSchema.shape, key))
      throw new UserError({
        where,
        expected: 'keys of the configuration',
        found: key,
        todo: didYouMean(key, Object.keys(configSchema.shape)) ?? 'recurlab explain lists them.',
        exitCode: 2,
      })
  if (entries.length === 0)
    throw new UserError({ where, expected: "a filter, e.g. { mixer: 'mlp' }", found: 'an empty one', exitCode: 2 })
  const text = entries.map(([key, value]) => `${key} ${String(value)}`).join(', ')
  const [[, only] = []] = entries
  const name = entries.length === 1 && typeof only === 'string' ? only : text
  const chosen = runs.filter((run) => entries.every(([key, value]) => valuesOf(run, key, comparison).includes(value)))
  if (chosen.length > 0) return new Arm(name, chosen.map(runMember))
  const [key] = entries[0]!
  const there = [...new Set(runs.flatMap((run) => valuesOf(run, key, comparison).slice(-1)).map(String))]
  throw new UserError({
    where,
    expected: `a configuration that a run has; ${key} is ${few(there)}`,
    found: text,
    exitCode: 2,
  })
}

/** Returns a key's value in a run: as stored, in effect, and as tables show it. */
function valuesOf(run: SummarisedRun, key: keyof Config, comparison: Comparison<SummarisedRun>): unknown[] {
  const stored = run.config[key] ?? null
  try {
    return [stored, effectiveValue(parseConfig(run.config), key), comparison.value(run, key)]
  } catch (error) {
    if (error instanceof UserError) return [stored, comparison.value(run, key)]
    throw error
  }
}

/** Names a list by the label of its runs, if they share one. */
function nameOf(members: readonly (SummarisedRun | MadeEvaluation)[], { runs, comparison }: ArmSource): string {
  const ids = members.map((member) => (typeof member === 'object' && member !== null ? member.id : undefined))
  const labels = new Set(
    ids.map((id) => {
      const run = runs.find((one) => one.id === id)
      return run ? comparison.label(run) : null
    }),
  )
  const [label] = labels
  const made = members.some((member) => typeof member === 'object' && member !== null && 'evaluation' in member)
  if (labels.size === 1 && label != null) return made ? `${label}, evaluated afterwards` : label
  return made ? `${members.length} evaluations` : `${members.length} runs`
}

function isRuns(choice: object | null): choice is { readonly all: readonly SummarisedRun[] } {
  return typeof choice === 'object' && choice !== null && 'all' in choice && Array.isArray(choice.all)
}

function few(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => JSON.stringify(name))
  return `${shown.join(', ')}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ''}`
}
