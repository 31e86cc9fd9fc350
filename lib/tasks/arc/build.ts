import type { Dataset, DatasetManifest, TestTask } from '../../data/dataset.js'
import { datasetHash } from '../../data/hash.js'
import { makeDataset } from '../../data/make-dataset.js'
import { createCount, type MakeOptions } from '../../data/progress.js'
import { UserError } from '../../errors.js'
import { kindOf } from '../../files/json.js'
import { placeToRead } from '../../files/places.js'
import { readStrictJson } from '../../files/strict-json.js'
import { arcAugment } from './augment.js'
import type { ArcTask } from './check.js'
import { PAD, VOCABULARY } from './encode.js'
import { generateTasks } from './generate.js'
import { nested } from './grid.js'
import { type ArcIdentifiers, identifiersFromList, identifiersOf } from './identifiers.js'
import { findTwins, judgeTwins, type Twin } from './leaks.js'
import { type ArcOptions, type ArcPlan, planArc } from './options.js'
import { readSet } from './read.js'
import { allPairs, type SplitTask, splitOf } from './splits.js'
import { identifiersTable, testsTable } from './tables.js'
import { drawVersions } from './versions.js'
import { withheldAnswers } from './withheld.js'

/** A task with its role: its test pairs are tested, or train like the others. */
interface ListedTask {
  readonly task: ArcTask
  readonly tested: boolean
}

/** Tasks in the order of their identifiers, with their origin. */
interface Listed {
  readonly tasks: readonly ListedTask[]
  readonly source: DatasetManifest['source']
  /** Folder, for errors. */
  readonly where: string
  /** Identifiers of a published list; null when versions are drawn. */
  readonly identifiers: ArcIdentifiers | null
}

/** Builds an ARC data set and reports progress to `make`; documented for cells in `experiment/data/make-data.ts`. */
export async function arc(options: ArcOptions = {}, make: MakeOptions = {}): Promise<Dataset> {
  const plan = planArc(options)
  const listed = plan.source.kind === 'files' ? listFiles(plan.source) : await listGenerated(plan, plan.source, make)
  const testedTasks = listed.tasks.flatMap(({ task, tested }) => (tested ? [task] : []))
  const twins = findTwins(listed.tasks, testedTasks)
  const testedNames = new Set(testedTasks.map(({ name }) => name))
  const leftOut = judgeTwins(twins, plan.twins, (name) => testedNames.has(name), listed.where)
  const tasks = listed.tasks.filter(({ task }) => !leftOut.has(task.name))
  const identifiers = listed.identifiers ?? (await drawnIdentifiers(plan, tasks, make))
  checkListed(identifiers, tasks, plan.source)
  return assemble(plan, tasks, identifiers, listed.source, describeDisjoint(twins, plan.twins))
}

function listFiles(source: ArcPlan['source'] & { kind: 'files' }): Listed {
  const { subsets, files } = readSet(placeToRead(source.dir), source)
  const tasks = subsets.flatMap(({ subset, tasks }) => tasks.map((task) => ({ task, tested: subset === source.test })))
  if (source.identifiers === null)
    return { tasks, source: { kind: 'files', files: [...files] }, where: source.dir, identifiers: null }
  const { value, sha256: checksum } = readStrictJson(placeToRead(source.identifiers))
  if (!Array.isArray(value))
    throw new UserError({ where: source.identifiers, expected: 'a list of names', found: kindOf(value) })
  const list = { path: source.identifiers, sha256: checksum }
  const identifiers = identifiersFromList(value, source.identifiers)
  return { tasks, source: { kind: 'files', files: [...files, list] }, where: source.dir, identifiers }
}

async function listGenerated(
  { seed }: ArcPlan,
  order: ArcPlan['source'] & { kind: 'generated' },
  make: MakeOptions,
): Promise<Listed> {
  const { train, test } = await generateTasks({ ...order, seed }, make)
  const listed = (tasks: readonly ArcTask[], tested: boolean): ListedTask[] => tasks.map((task) => ({ task, tested }))
  return {
    tasks: [...listed(train, false), ...listed(test, true)],
    source: { kind: 'generated' },
    where: 'generated tasks',
    identifiers: null,
  }
}

function assemble(
  plan: ArcPlan,
  tasks: readonly ListedTask[],
  identifiers: ArcIdentifiers,
  source: DatasetManifest['source'],
  disjoint: string,
): Dataset {
  const { board, seed } = plan
  const rows = new Map(identifiers.tasks.map((name, i) => [name, identifiers.rowsOf(i)[0]!]))
  const listed = tasks.map(({ task, tested }): SplitTask => ({ task, tested, row: rows.get(task.name)! }))
  const train = splitOf('train', listed, board)
  const test = splitOf('test', listed, board)
  const testTasks: TestTask[] = tasks.flatMap(({ task, tested }) => (tested ? [testTaskOf(task)] : []))
  const tables = { identifiers: identifiersTable(identifiers), tests: testsTable(testTasks) }
  const manifest: DatasetManifest = {
    task: 'arc',
    options: plan.stored,
    source,
    seed,
    vocabSize: VOCABULARY,
    seqLen: board * board,
    padId: PAD,
    ignoreLabelId: PAD,
    blankId: 0,
    puzzleIdentifiers: identifiers.count,
    counts: { train: train.count, test: test.count },
    disjoint,
    solutions: describeSolutions(tasks),
    augmentation: describeAugmentation(identifiers, seed),
  }
  const augment = arcAugment({ identifiers, seed, board })
  const content = { manifest, train, test, identifiers, testTasks }
  const withheld = withheldAnswers(test, identifiers, testTasks)
  return makeDataset({ ...content, hash: datasetHash(content), augment, withheld, tables })
}

async function drawnIdentifiers(
  { augment, seed }: ArcPlan,
  tasks: readonly ListedTask[],
  make: MakeOptions,
): Promise<ArcIdentifiers> {
  const tell = createCount(make, 'tasks', 'varied', tasks.length)
  const drawn: Parameters<typeof identifiersOf>[0][number][] = []
  for (const [i, { task }] of tasks.entries()) {
    const turn = tell(i)
    if (turn) await turn
    drawn.push({ name: task.name, codes: drawVersions({ name: task.name, pairs: allPairs(task) }, augment, seed) })
  }
  return identifiersOf(drawn)
}

/** Checks that a published list contains every task. @throws UserError */
function checkListed(identifiers: ArcIdentifiers, tasks: readonly ListedTask[], source: ArcPlan['source']): void {
  const named = new Set(identifiers.tasks)
  const missing = tasks.find(({ task }) => !named.has(task.name))
  if (missing && source.kind === 'files')
    throw new UserError({
      where: source.identifiers ?? source.dir,
      expected: `every task of ${source.dir}`,
      found: `no ${missing.task.name}`,
      todo: 'Check that it is the list of this set, and name its subsets with subsets=….',
    })
}

function testTaskOf({ name, test }: ArcTask): TestTask {
  return { name, pairs: test.map(({ input, output }) => ({ input: nested(input), output: output && nested(output) })) }
}

function describeDisjoint(twins: readonly Twin[], how: ArcPlan['twins']): string {
  if (twins.length === 0)
    return 'no test pair is among the training pairs of another task (rotated or recoloured ones were not looked for)'
  const named = twins.map(({ task, tested }) => `${task} has a test pair of ${tested}`).join(', ')
  return how === 'keep'
    ? `test pairs are among the training pairs of other tasks, kept as asked: ${named}`
    : `no test pair is among the training pairs of another task (${twins.length} training ${twins.length === 1 ? 'task' : 'tasks'} left out for that: ${named}; rotated or recoloured ones were not looked for)`
}

function describeSolutions(tasks: readonly ListedTask[]): string {
  let [tested, trained] = [0, 0]
  for (const { task, tested: isTested } of tasks) {
    const unknown = task.test.filter(({ output }) => output === null).length
    if (isTested) tested += unknown
    else trained += unknown
  }
  if (tested + trained === 0) return 'every pair has its answer'
  return `WARNING: no answer is known for ${tested} test pairs and ${trained} training pairs (no solutions file, or none for them): the test pairs are predicted and not scored ([[0]] stands in the place of their answers), the training pairs are left out`
}

function describeAugmentation(identifiers: ArcIdentifiers, seed: number): string {
  const versions = identifiers.count - 1 - identifiers.tasks.length
  return `${versions} versions of ${identifiers.tasks.length} tasks beside themselves (colours 1…9 permuted, then one of 8 dihedral transforms), each with an identifier of its own; in training every pair of a puzzle but one is moved on the board (seed ${seed})`
}
