import { callOwn } from '../../config/call-own.js'
import { assembleDataset } from '../../data/assemble.js'
import type { Dataset } from '../../data/dataset.js'
import { createCount, type MakeOptions } from '../../data/progress.js'
import { latin1 } from '../../data/puzzle-index.js'
import { type PuzzleList, puzzleList } from '../../data/puzzles.js'
import { UserError } from '../../errors.js'
import { parseOptions } from '../../options/options.js'
import { Random } from '../../random.js'
import { nothingAsked } from '../option-errors.js'
import { written } from '../symbols.js'
import { type CheckedDefinition, judged, tokensOf } from './check.js'
import { definedOptions, type TaskExample } from './definition.js'
import { appliedTo, mapped, type SymmetryGroup, whereOf } from './group.js'
import { storedDefinition } from './open.js'
import { formUnder } from './twins.js'

/** Number of consecutive repeated puzzles after which a generator counts as exhausted. */
const GIVE_UP = 5_000

/** Number of puzzles of a data set whose symmetric versions are judged. */
const TRIED_SYMMETRIES = 10

/** A puzzle in tokens. */
interface Pair {
  readonly question: Uint8Array
  readonly answer: Uint8Array
}

/**
 * Builds a data set of a defined task. The test puzzles are drawn first and depend only on the seed; no puzzle occurs
 * twice, even up to the task's symmetries.
 *
 * @throws UserError for invalid options, a puzzle that does not fit the task, an answer that the judge rejects, and too
 * few distinct puzzles.
 */
export async function buildDefined(
  definition: CheckedDefinition,
  group: SymmetryGroup | null,
  input: Readonly<Record<string, unknown>>,
  make: MakeOptions = {},
): Promise<Dataset> {
  const { name, symbols, cells, examples } = definition
  const options = parseOptions(definedOptions, input, `a data set of ${name}`)
  const { train, test, seed } = options
  if (train + test === 0) throw nothingAsked('puzzles', '0 of both')
  const tell = createCount(make, 'puzzles', examples ? 'chosen' : 'generated', train + test)
  const source = examples ? listed(definition, examples, seed) : generated(definition, seed)
  const met = new Set<string>()
  let leftOut = 0
  const take = async (split: 'train' | 'test', count: number): Promise<PuzzleList> => {
    const list = puzzleList({ cells })
    const next = source(split)
    for (let failures = 0; list.count < count; ) {
      const pair = failures === GIVE_UP ? null : next()
      if (!pair) throw tooFew(definition, group, split, count, list.count)
      const form = latin1(group?.whole ? formUnder(group, pair.question) : pair.question)
      if (met.has(form)) {
        failures++
        leftOut++
        continue
      }
      if (met.size < TRIED_SYMMETRIES) trySymmetries(definition, group, pair, met.size)
      failures = 0
      met.add(form)
      const turn = tell(met.size)
      if (turn) await turn
      list.push({ clues: pair.question, solution: pair.answer, rating: 0, line: 0 })
    }
    return list
  }
  const testList = await take('test', test)
  const lists = { test: testList, train: await take('train', train) }
  return assembleDataset(lists, {
    task: name,
    options: { ...storedDefinition(definition), train, test, seed },
    seed,
    source: { kind: 'generated' },
    vocabSize: symbols.length + 1,
    seqLen: cells,
    disjoint: describeDisjoint(group, leftOut),
    solutions: definition.judge
      ? 'every answer is accepted by the task’s judge'
      : 'as the task gives them; it has no judge that checks them',
    augment: group?.augment ?? null,
    ...(group ? { augmentation: group.words } : {}),
  })
}

/** A source of puzzles; null when it is exhausted. */
type Source = (split: 'train' | 'test') => () => Pair | null

function generated(definition: CheckedDefinition, seed: number): Source {
  const { name, generate } = definition
  return (split) => {
    const random = Random.of(seed, 'task', name, split)
    let number = 0
    return () => {
      const example = callOwn(`task ${name}`, 'generate', () => generate!(random))
      return pairOf(definition, example, `task ${name}, ${split} puzzle ${number++} of generate`)
    }
  }
}

/** Draws the puzzles of a list in an order given by the seed; both splits draw from the same order. */
function listed(definition: CheckedDefinition, examples: readonly TaskExample[], seed: number): Source {
  const { name } = definition
  const met = new Map<string, number>()
  const pairs = examples.map((example, i) => {
    const where = `task ${name}, examples[${i}]`
    const pair = pairOf(definition, example, where)
    const same = met.get(latin1(pair.question))
    if (same !== undefined)
      throw new UserError({
        where,
        expected: 'a question that no other example has, so that each puzzle occurs once',
        found: `the question of examples[${same}]`,
        todo: 'Remove one of the two.',
      })
    met.set(latin1(pair.question), i)
    return pair
  })
  Random.of(seed, 'task', name, 'examples').shuffle(pairs)
  let next = 0
  return () => () => pairs[next++] ?? null
}

/**
 * Checks and encodes a puzzle. @throws UserError for cells that do not fit the task, and for an answer that its judge
 * rejects.
 */
function pairOf(definition: CheckedDefinition, example: TaskExample, where: string): Pair {
  if (typeof example !== 'object' || example === null)
    throw new UserError({ where, expected: '{ question, answer }', found: JSON.stringify(example) ?? 'nothing' })
  const question = tokensOf(definition, example.question, `${where}, question`)
  const answer = tokensOf(definition, example.answer, `${where}, answer`)
  checkAccepted(definition, { question, answer }, where, 'an answer that the judge accepts')
  return { question, answer }
}

function checkAccepted(
  definition: CheckedDefinition,
  { question, answer }: Pair,
  where: string,
  expected: string,
): void {
  const said = judged(definition, question, answer)
  if (said === true) return
  const [asked, given] = [question, answer].map((tokens) => written(tokens, definition.symbols))
  throw new UserError({ where, expected, found: `${String(said)} for question ${asked} and answer ${given}` })
}

/** Judges symmetric versions of a puzzle, and checks that a symmetry acts on it as on any grid. */
function trySymmetries(definition: CheckedDefinition, group: SymmetryGroup | null, pair: Pair, number: number): void {
  if (!group) return
  for (const index of definition.symmetries.keys()) {
    const state = Random.of('symmetry', definition.name, index, number).state()
    const [question, answer] = [pair.question, pair.answer].map((tokens) => appliedTo(definition, index, tokens, state))
    const where = whereOf(definition, index)
    checkAccepted(
      definition,
      { question: question!, answer: answer! },
      where,
      'a version whose answer the judge accepts',
    )
    const known = group.maps.some((map) => mapped(map, pair.question).every((token, cell) => token === question![cell]))
    if (group.whole && !known)
      throw new UserError({
        where,
        expected: 'a function that permutes cells and renames symbols, in the same way in every grid',
        found: `a different one for ${written(pair.question, definition.symbols)}`,
      })
  }
}

function tooFew(
  { name, examples }: CheckedDefinition,
  group: SymmetryGroup | null,
  split: 'train' | 'test',
  asked: number,
  found: number,
): UserError {
  const different = group?.whole ? ', no two of which the symmetries turn into one another' : ''
  return new UserError({
    where: `key ${split}`,
    expected: `${asked} different puzzles of ${name}${different}`,
    found: examples
      ? `${found} in the ${examples.length} examples that remain for the split`
      : `${found}, then ${GIVE_UP} consecutive repetitions`,
    todo: examples ? 'Ask for fewer.' : 'Ask for fewer, or make generate vary more.',
    exitCode: 2,
  })
}

function describeDisjoint(group: SymmetryGroup | null, leftOut: number): string {
  const twins = !group
    ? ''
    : group.whole
      ? ', nor does one that the symmetries turn into another'
      : '; puzzles that the symmetries turn into one another may occur (too many combinations to tell)'
  const out = leftOut > 0 ? ` (${leftOut} left out for that)` : ''
  return `no puzzle occurs twice, in one split or across both${twins}${out}`
}
