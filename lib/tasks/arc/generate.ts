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

/** Maximum number of redraws of a task that resembles an earlier one. */
const ATTEMPTS = 500

/** Options of {@link generateTasks}. */
export interface GenerateOptions {
  readonly train: number
  readonly test: number
  /** Maximum height and width of grids. */
  readonly size: number
  readonly seed: number
  /** Names of the families to draw from. Default: all that fit the size. */
  readonly families?: readonly string[] | undefined
}

/**
 * Generates ARC-like tasks: each applies a rule of one of {@link FAMILIES} with its own parameters, and has 3 or 4
 * training pairs and 1 or 2 test pairs. No two tasks share a pair. Test tasks are drawn first, so that they do not
 * depend on the number of training tasks. A task is named after its family and content.
 *
 * @throws UserError for an unknown family, one that does not fit, or too few distinct tasks.
 */
export async function generateTasks(
  { train, test, size, seed, families: asked }: GenerateOptions,
  make: MakeOptions = {},
): Promise<{
  train: ArcTask[]
  test: ArcTask[]
}> {
  const families = familiesOf(asked, size)
  const pairs = new Set<string>()
  const names = new Set<string>()
  const tell = createCount(make, 'tasks', 'generated', train + test)
  const one = async (split: string, index: number): Promise<ArcTask> => {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const turn = tell(names.size)
      if (turn) await turn
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
  const all = async (split: string, count: number): Promise<ArcTask[]> => {
    const tasks: ArcTask[] = []
    for (let i = 0; i < count; i++) tasks.push(await one(split, i))
    return tasks
  }
  const tested = await all('test', test)
  return { train: await all('train', train), test: tested }
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

/** Draws one task; null when inputs repeat or the rule changes too little to be visible. */
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
