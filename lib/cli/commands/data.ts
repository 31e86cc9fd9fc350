import { optionsFromText } from '../../config/options.js'
import type { Dataset, Split } from '../../data/dataset.js'
import { splitOverlap } from '../../data/overlap.js'
import { loadDataset, saveDataset } from '../../data/store.js'
import { BOXES, type Box } from '../../data/sudoku/box.js'
import { sudoku } from '../../data/sudoku/build.js'
import { sudokuOptions } from '../../data/sudoku/options.js'
import { solveFile } from '../../data/sudoku/solve-file.js'
import { taskOf } from '../../data/tasks.js'
import { formatTable } from '../../results/text.js'
import { type Args, type Command, wrongUse } from '../command.js'

/** Lines that `solve` names before it only counts. */
const NAMED_FAILURES = 10

const keys = Object.entries(sudokuOptions.shape)
  .map(([key, type]) => `  ${`${key}=`.padEnd(12)} ${type.description ?? ''}`)
  .join('\n')

/** `recurlab data build|info|solve`. */
export const command: Command = {
  usage: 'data build sudoku key=value … | info DIR | solve FILE',
  summary: 'build a data set, say what is in one, solve a file of puzzles',
  help: `
recurlab data build sudoku out=DIR key=value … [--force] [--json]
  Generates puzzles, or takes them from a file; writes train.arrow, test.arrow and manifest.json.
  --force      replace another data set that is in DIR

${keys}

  recurlab data build sudoku box=2x2 clues=5 train=200 test=300 seed=0 out=data/sudoku-4x4
  recurlab data build sudoku box=3x3 csv=train.csv testCsv=test.csv train=1000 out=data/sudoku-extreme

recurlab data info DIR [--json]
  Counts, ratings, vocabulary, puzzles in both splits, one example.

recurlab data solve FILE [box=3x3] [--json]
  Solves every puzzle of a list (question or question:answer) or a .csv, compares the answers, measures the speed.
  Exit code 1 when a puzzle has not exactly one solution or another answer.`,
  flags: { json: false, force: false },
  async run(args) {
    const [action, subject, ...more] = args.words
    if (more.length > 0) throw wrongUse('two words', `${args.words.length} (${args.words.join(' ')})`)
    if (action === 'build' && subject === 'sudoku') return build(args)
    if (action === 'info' && subject !== undefined) return info(args, subject)
    if (action === 'solve' && subject !== undefined) return solve(args, subject)
    if (action === 'build') throw wrongUse('a task (sudoku) after data build', subject ?? 'none')
    if (action === 'info') throw wrongUse('a folder after data info', 'none')
    if (action === 'solve') throw wrongUse('a file after data solve', 'none')
    throw wrongUse('build, info or solve after data', action ?? 'nothing')
  },
}

async function build({ pairs, flags }: Args): Promise<number> {
  const options = new Map(pairs)
  const out = options.get('out')
  options.delete('out')
  if (out === undefined || out === '') throw wrongUse('out=DIR, the folder to write', 'none')
  const data = await sudoku(optionsFromText(sudokuOptions, options, 'a Sudoku data set'))
  const outcome = saveDataset(data, out, { force: flags.has('force') })
  if (flags.has('json')) print(JSON.stringify({ out, outcome, hash: data.hash, manifest: data.manifest }, null, 2))
  else {
    print(outcome === 'kept' ? `${out}: this very data set was there already` : `${out}: written`)
    print(describe(data))
  }
  return 0
}

function info({ pairs, flags }: Args, dir: string): number {
  refusePairs(pairs, [])
  const data = loadDataset(dir)
  const { manifest, train, test } = data
  const inBoth = splitOverlap(data)
  if (flags.has('json')) {
    const splits = { train: splitFacts(train), test: splitFacts(test) }
    print(JSON.stringify({ hash: data.hash, manifest, splits, testPuzzlesInTraining: inBoth }, null, 2))
    return 0
  }
  print(describe(data))
  print(`test puzzles in training: ${inBoth.literal} literally, ${inBoth.twins} relabelled or permuted`)
  const example = train.count > 0 ? train : test
  const { draw } = taskOf(manifest)
  const cells = manifest.seqLen
  const left = draw(example.inputs.subarray(0, cells)).split('\n')
  const right = draw(example.labels.subarray(0, cells)).split('\n')
  print(`\n${left.map((line, i) => `${line}     ${right[i]}`).join('\n')}`)
  return 0
}

async function solve({ pairs, flags }: Args, file: string): Promise<number> {
  refusePairs(pairs, ['box'])
  const name = pairs.get('box') ?? '3x3'
  const box: Box | undefined = Object.hasOwn(BOXES, name) ? BOXES[name as keyof typeof BOXES] : undefined
  if (!box) throw wrongUse(`box=${Object.keys(BOXES).join('|')}`, `box=${name}`)
  const { failures, ...facts } = await solveFile(file, box)
  if (flags.has('json')) print(JSON.stringify({ file, ...facts, failures }, null, 2))
  else {
    const rounded = { perSecond: Math.round(facts.perSecond), uniquePerSecond: Math.round(facts.uniquePerSecond) }
    print(formatTable([{ ...facts, ...rounded }]))
    for (const { line, reason } of failures.slice(0, NAMED_FAILURES)) print(`${file}, line ${line}: ${reason}`)
    if (failures.length > NAMED_FAILURES) print(`… and ${failures.length - NAMED_FAILURES} more`)
  }
  return failures.length === 0 ? 0 : 1
}

function describe({ manifest, hash, train, test }: Dataset): string {
  const { task, vocabSize, seqLen, source, disjoint, solutions } = manifest
  const table = formatTable([
    { split: 'train', ...splitFacts(train) },
    { split: 'test', ...splitFacts(test) },
  ])
  const from = sourceFiles(source).join(', ') || 'generated'
  return `${table}
task      ${task}, ${seqLen} cells, vocabulary of ${vocabSize} tokens (0 padding, 1 blank, 2…${vocabSize - 1} digits)
source    ${from}, seed ${manifest.seed}
splits    ${disjoint}
solutions ${solutions}
hash      ${hash}`
}

function sourceFiles(source: Dataset['manifest']['source']): string[] {
  if (source.kind === 'generated') return []
  if (source.kind === 'files') return source.files.map((file) => file.path)
  return source.test ? [source.path, source.test.path] : [source.path]
}

/** Counts of a split; ratings are backtracks of the solver or the source's own. */
function splitFacts({ count, seqLen, inputs, ratings }: Split): Record<string, number | null> {
  let clues = 0
  for (const token of inputs) if (token > 1) clues++
  const sorted = Float64Array.from(ratings).sort()
  const quantile = (q: number): number | null => sorted[Math.floor(q * (count - 1))] ?? null
  return {
    puzzles: count,
    cluesMean: count === 0 ? null : clues / count,
    clueShare: count === 0 ? null : clues / (count * seqLen),
    ratingMin: quantile(0),
    ratingMedian: quantile(0.5),
    ratingMax: quantile(1),
  }
}

function refusePairs(pairs: Args['pairs'], known: readonly string[]): void {
  const unknown = [...pairs.keys()].find((key) => !known.includes(key))
  if (unknown !== undefined)
    throw wrongUse(known.length > 0 ? `only ${known.join(', ')}=…` : 'no key=value', `${unknown}=`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
