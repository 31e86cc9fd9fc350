import { UserError } from '../../errors.js'

/** Subsets of the published data by name. */
export const SUBSETS = ['training', 'evaluation', 'concept', 'training2', 'evaluation2'] as const
export type Subset = (typeof SUBSETS)[number]

/** A published set: what it trains on and is tested on, and where a folder of its repository has them. */
export interface ArcSet {
  readonly title: string
  readonly subsets: readonly Subset[]
  readonly test: Subset
  /** Names of a subset's folder in the task-per-file layout; the first that is there is taken. */
  readonly folders: Readonly<Partial<Record<Subset, readonly string[]>>>
}

/** ARC-AGI-1 and ARC-AGI-2, each with ConceptARC. Source: the published repository's commands. */
export const SETS: Readonly<Record<'arc-1' | 'arc-2', ArcSet>> = {
  'arc-1': {
    title: 'ARC-AGI-1',
    subsets: ['training', 'evaluation', 'concept'],
    test: 'evaluation',
    folders: { training: ['training'], evaluation: ['evaluation'], concept: ['concept', 'corpus'] },
  },
  'arc-2': {
    title: 'ARC-AGI-2',
    subsets: ['training2', 'evaluation2', 'concept'],
    test: 'evaluation2',
    folders: {
      training2: ['training2', 'training'],
      evaluation2: ['evaluation2', 'evaluation'],
      concept: ['concept', 'corpus'],
    },
  },
}
export type SetName = keyof typeof SETS

/** The named subsets to read, of which one is tested. */
export interface SetPlan {
  readonly set: SetName
  readonly subsets: readonly Subset[]
  readonly test: Subset
}

/**
 * The subsets of an order, in the set's order.
 *
 * @throws UserError for an unknown subset; for one of the other set (ARC-AGI-2's training tasks contain ARC-AGI-1's
 * evaluation tasks, so that training on one and testing on the other would test what was trained: no option allows
 * it); for none; for a test subset that is not among them.
 */
export function planSet(set: SetName, subsets: readonly string[] | undefined, test: string | undefined): SetPlan {
  const known = SETS[set]
  const asked = (subsets ?? known.subsets).map((name) => subsetOf(name, 'subsets', set))
  const tested = subsetOf(test ?? known.test, 'test', set)
  const twice = asked.find((name, i) => asked.indexOf(name) !== i)
  if (twice !== undefined) throw wrongKey('subsets', 'each subset once', `${twice} twice`)
  if (!asked.includes(tested))
    throw wrongKey('test', `one of the subsets (${asked.join(', ') || 'none are named'})`, tested)
  return { set, subsets: known.subsets.filter((name) => asked.includes(name)), test: tested }
}

function subsetOf(name: string, key: string, set: SetName): Subset {
  const subset = SUBSETS.find((known) => known === name)
  if (subset === undefined) throw wrongKey(key, `of ${SETS[set].subsets.join(', ')}`, name)
  if (SETS[set].subsets.includes(subset)) return subset
  const other = set === 'arc-1' ? SETS['arc-2'] : SETS['arc-1']
  throw new UserError({
    where: `key ${key}`,
    expected: `subsets of ${SETS[set].title} (${SETS[set].subsets.join(', ')})`,
    found: `${subset}, which belongs to ${other.title}`,
    todo: "ARC-AGI-2's training tasks contain ARC-AGI-1's evaluation tasks: never train on one and test on the other.",
    exitCode: 2,
  })
}

function wrongKey(key: string, expected: string, found: string): UserError {
  return new UserError({ where: `key ${key}`, expected, found, exitCode: 2 })
}
