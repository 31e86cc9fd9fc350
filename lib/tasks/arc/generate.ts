import { createCount, type MakeOptions } from '../../data/progress.js'
import { UserError } from '../../errors.js'
import { sha256 } from '../../files/atomic.js'
import { Random } from '../../random.js'
import type { ArcTask } from './check.js'
import { between, type Family } from './families/canvas.js'
import { geometryFamilies } from './families/geometry.js'
import { lineFamilies } from './families/lines.js'
import { objectFamilies } from './families/objects.js'
import { type FlatPair, gridKey, sameGrid } from './grid.js'

/** Families of rules that tasks are generated from. */
export const FAMILIES: readonly Family[] = [...geometryFamilies, ...lineFamilies, ...objectFamilies]

/** How often a task is drawn again that is like an earlier one. */
const ATTEMPTS = 500

/** The tasks to generate. */
export interface GenerateOptions {
  readonly train: number
  readonly test: number
  /** Largest height and width of grids. */
  readonly size: number
  readonly seed: number
  /** Names of the families to draw from; default all that have room at the size. */
  readonly families?: readonly string[] | undefined
}

/**
 * ARC-like tasks: each has a rule of one of {@link FAMILIES} with parameters of its own, 3 or 4 training pairs and 1 or 2
 * test pairs. No two tasks share a pair. Test tasks are drawn first, so that they stay the same when more training
 * tasks are asked for. A task is named after its family and content.
 *
 * @throws UserError for an unknown family, one that has no room, or when so many different tasks are not found.
 */
export function generateTasks(
  { train, test, size, seed, families: asked }: GenerateOptions,
  make: MakeOptions = {},
): {
  train: ArcTask[]
  test: ArcTask[]
} {
  const families = familiesOf(asked, size)
  const pairs = new Set<string>()
  const names = new Set<string>()
  const tell = createCount(make, 'tasks', 'generated', train + test)
  const one = (split: string, index: number): ArcTask => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      tell(names.size)
      const random = Random.of(seed, 'arc task', size, split, index, attempt)
      const family = families[random.int(families.length)]!
      const drawn = drawTask(random, family, size)
      if (drawn === null) continue
      const keys = [...drawn.train, ...drawn.test].map(pairKey)
      const name = `${family.name}-${sha256(keys.join('')).slice(0, 8)}`
      if (names.has(name) || keys.some((key) => pairs.has(key))) continue
      for (const key of keys) pairs.add(key)
      names.add(name)
      return { name, ...drawn }
    }
    throw new UserError({
      where: 'keys train, test, size',
      expected: `${train + test} tasks without a common pair`,
      found: `${names.size} of grids up to ${size}×${size}`,
      todo: 'Ask for fewer, or for a larger size.',
    })
  }
  const tested = Array.from({ length: test }, (_, i) => one('test', i))
  return { train: Array.from({ length: train }, (_, i) => one('train', i)), test: tested }
}

function familiesOf(asked: readonly string[] | undefined, size: number): readonly Family[] {
  const wrong = (expected: string, found: string): UserError =>
    new UserError({ where: 'key families', expected, found, exitCode: 2 })
  if (asked === undefined) return FAMILIES.filter(({ smallest }) => smallest <= size)
  if (asked.length === 0) throw wrong('one or more families', 'none')
  return asked.map((name) => {
    const family = FAMILIES.find((family) => family.name === name)
    if (!family) throw wrong(`of ${FAMILIES.map(({ name }) => name).join(', ')}`, name)
    if (family.smallest > size) throw wrong(`families with room in grids up to ${size}×${size}`, name)
    return family
  })
}

/** One task; null when inputs repeat or the rule changes too little to be seen. */
function drawTask(random: Random, family: Family, size: number): { train: FlatPair[]; test: FlatPair[] } | null {
  const rule = family.rule(random, size)
  const shown = between(random, 3, 4)
  const pairs = Array.from({ length: shown + between(random, 1, 2) }, () => rule(random))
  if (new Set(pairs.map(({ input }) => gridKey(input))).size < pairs.length) return null
  const changed = pairs.map(({ input, output }) => !sameGrid(input, output))
  if (changed.slice(0, shown).filter(Boolean).length < 2 || !changed.slice(shown).every(Boolean)) return null
  return { train: pairs.slice(0, shown), test: pairs.slice(shown) }
}

function pairKey({ input, output }: FlatPair): string {
  return gridKey(input) + gridKey(output)
}
