import type { Augmentation } from '../../data/dataset.js'
import { latin1 } from '../../data/puzzle-index.js'
import { streamFamily } from '../../data/streams.js'
import { UserError } from '../../errors.js'
import { sha256 } from '../../files/atomic.js'
import { Random } from '../../random.js'
import { type CheckedDefinition, symbolsOf, tokensOf } from './check.js'

/** One combination of symmetries: it moves cells and renames symbols. */
export interface GridMap {
  /** `[cells]` the cell that each cell is taken from. */
  readonly from: Uint16Array
  /** `[V]` what each token becomes; padding stays padding. */
  readonly values: Uint8Array
}

/** The group that a task's symmetries make. */
export interface SymmetryGroup {
  /** Every combination, the identity first; a sample of them where there are more than {@link MOST_MAPS}. */
  readonly maps: readonly GridMap[]
  /** Whether `maps` are all combinations. */
  readonly whole: boolean
  readonly augment: Augmentation
  /** In words; tells other symmetries apart. */
  readonly words: string
}

/** Combinations that are told apart: comparing two puzzles costs as many grids. */
const MOST_MAPS = 10_000

/** Draws of each symmetry that a sample of a larger group is made of. */
const STEPS_OF_WALK = 64

/** Draws of a symmetry in a row that make nothing new, after which its combinations are taken to be all found. */
const NOTHING_NEW = 20

/**
 * The group of a definition's symmetries, found by trying them on grids that tell every cell and symbol apart.
 *
 * @returns null where there are none
 * @throws UserError for a symmetry that does more, or less, than move cells and rename symbols.
 */
export function symmetryGroup(definition: CheckedDefinition): SymmetryGroup | null {
  if (definition.symmetries.length === 0) return null
  const draws = definition.symmetries.map(
    (_, i) => (draw: number) => mapOf(definition, i, Random.of('symmetry', definition.name, i, draw).state()),
  )
  const closed = closure(definition, draws)
  const maps = closed ?? sampled(definition, draws)
  const sum = sha256(Buffer.concat(maps.map(bytesOf))).slice(0, 12)
  const words = closed
    ? `versions under the task's symmetries, a group of ${maps.length} (SHA-256 ${sum})`
    : `versions under the task's symmetries, a group of more than ${MOST_MAPS} (SHA-256 of a sample ${sum})`
  return { maps, whole: closed !== null, augment: augmentBy(maps, closed !== null), words }
}

type Draw = (draw: number) => GridMap

/** All combinations, in an order that depends on the set alone; null where there are more than {@link MOST_MAPS}. */
function closure(definition: CheckedDefinition, draws: readonly Draw[]): GridMap[] | null {
  const first = identity(definition)
  const found = new Map([[keyOf(first), first]])
  const generators: GridMap[] = []
  for (const draw of draws)
    for (let number = 0, known = 0; known < NOTHING_NEW; number++) {
      const map = draw(number)
      if (found.has(keyOf(map))) {
        known++
        continue
      }
      known = 0
      generators.push(map)
      if (!extend(found, generators)) return null
    }
  const others = [...found.values()].slice(1).sort((a, b) => Buffer.compare(bytesOf(a), bytesOf(b)))
  return [first, ...others]
}

/** Adds what the generators make of the maps found, and of each other. @returns whether that is not too much */
function extend(found: Map<string, GridMap>, generators: readonly GridMap[]): boolean {
  const open = [...found.values()]
  for (let map = open.pop(); map; map = open.pop())
    for (const generator of generators) {
      const next = compose(generator, map)
      const key = keyOf(next)
      if (found.has(key)) continue
      if (found.size === MOST_MAPS) return false
      found.set(key, next)
      open.push(next)
    }
  return true
}

/** A sample of combinations: a random walk over the group. */
function sampled(definition: CheckedDefinition, draws: readonly Draw[]): GridMap[] {
  const random = Random.of('symmetry walk', definition.name)
  const maps = [identity(definition)]
  const steps = draws.flatMap((draw) => Array.from({ length: STEPS_OF_WALK }, (_, number) => draw(number)))
  let map = maps[0]!
  while (maps.length < MOST_MAPS) {
    map = compose(steps[random.int(steps.length)]!, map)
    maps.push(map)
  }
  return maps
}

/** Versions without end: each is drawn from (seed, puzzle, version); version 0 is the puzzle itself. */
function augmentBy(maps: readonly GridMap[], whole: boolean): Augmentation {
  let streams = streamFamily(0, 'version')
  let streamsSeed = 0
  const drawn = (random: Random): GridMap => {
    const map = maps[random.int(maps.length)]!
    return whole ? map : compose(maps[random.int(maps.length)]!, map)
  }
  return {
    versions: () => null,
    puzzleId: (split, example) => split.puzzleIds[example]!,
    write(split, example, version, seed, inputs, labels, offset) {
      if (seed !== streamsSeed) {
        streams = streamFamily(seed, 'version')
        streamsSeed = seed
      }
      const map = version === 0 ? maps[0]! : drawn(streams(example, version))
      const start = example * split.seqLen
      for (let cell = 0; cell < split.seqLen; cell++) {
        const at = start + map.from[cell]!
        inputs[offset + cell] = map.values[split.inputs[at]!]!
        labels[offset + cell] = map.values[split.labels[at]!]!
      }
    },
  }
}

/** A grid under a map. */
export function mapped({ from, values }: GridMap, tokens: Uint8Array): Uint8Array {
  return Uint8Array.from(from, (cell) => values[tokens[cell]!]!)
}

/** First `inner`, then `outer`. */
function compose(outer: GridMap, inner: GridMap): GridMap {
  return {
    from: outer.from.map((cell) => inner.from[cell]!),
    values: inner.values.map((value) => outer.values[value]!),
  }
}

function identity({ cells, symbols }: CheckedDefinition): GridMap {
  return {
    from: Uint16Array.from({ length: cells }, (_, cell) => cell),
    values: Uint8Array.from({ length: symbols.length + 1 }, (_, token) => token),
  }
}

function bytesOf({ from, values }: GridMap): Buffer {
  const cells = Buffer.alloc(2 * from.length)
  for (let i = 0; i < from.length; i++) cells.writeUInt16LE(from[i]!, 2 * i)
  return Buffer.concat([cells, values])
}

function keyOf(map: GridMap): string {
  return latin1(bytesOf(map))
}

/** The map of one symmetry with one state of its random numbers. */
function mapOf(definition: CheckedDefinition, index: number, state: readonly number[]): GridMap {
  const { cells, symbols } = definition
  const count = symbols.length
  const where = whereOf(definition, index)
  const on = (token: (cell: number) => number): Uint8Array =>
    appliedTo(
      definition,
      index,
      Uint8Array.from({ length: cells }, (_, cell) => token(cell)),
      state,
    )
  const values = Uint8Array.of(0, ...symbols.map((_, i) => on(() => i + 1)[0]!))
  if (new Set(values).size !== count + 1) throw notOne(where, 'two symbols that become one')
  const back = new Uint8Array(count + 1)
  values.forEach((value, token) => {
    back[value] = token
  })
  // The number of a cell, written in symbols digit by digit, tells where each cell went.
  const from = new Uint16Array(cells)
  for (let unit = 1; unit < cells; unit *= count) {
    const grid = on((cell) => 1 + (Math.floor(cell / unit) % count))
    for (let cell = 0; cell < cells; cell++) from[cell]! += (back[grid[cell]!]! - 1) * unit
  }
  if (from.some((cell) => cell >= cells) || new Set(from).size !== cells)
    throw notOne(where, 'cells that are lost, or changed in dependence on others')
  return { from, values }
}

/** A grid under a symmetry's own function. */
export function appliedTo(
  definition: CheckedDefinition,
  index: number,
  tokens: Uint8Array,
  state: readonly number[],
): Uint8Array {
  const symmetry = definition.symmetries[index]!
  return tokensOf(
    definition,
    symmetry(symbolsOf(definition, tokens), Random.fromState(state)),
    whereOf(definition, index),
  )
}

/** A symmetry in errors: `task latin-5, symmetry relabel`. */
export function whereOf({ name, symmetries }: CheckedDefinition, index: number): string {
  return `task ${name}, symmetry ${symmetries[index]!.name || index}`
}

function notOne(where: string, found: string): UserError {
  return new UserError({
    where,
    expected: 'a function that moves cells and renames symbols, alike in every grid',
    found,
  })
}
