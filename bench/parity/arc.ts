import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { UserError } from '../../lib/errors.js'
import { dihedral, INVERSE } from '../../lib/tasks/arc/dihedral.js'
import { crop, encodeGrid } from '../../lib/tasks/arc/encode.js'
import { flatten, gridHash, nested } from '../../lib/tasks/arc/grid.js'
import { identifiersFromList } from '../../lib/tasks/arc/identifiers.js'
import { submissionText } from '../../lib/tasks/arc/submission.js'
import { applyVersion, parseVersionName, undoVersion, versionName } from '../../lib/tasks/arc/version.js'
import { ArcVotes } from '../../lib/tasks/arc/votes.js'
import type { ParityRow } from './table.js'

const grid = z
  .array(z.array(z.int().min(0).max(9)))
  .refine((rows) => rows.every((row) => row.length === rows[0]!.length), 'rows of one length')
const board = z
  .array(z.int().min(0).max(255))
  .refine(({ length }) => length > 0 && Number.isInteger(Math.sqrt(length)), 'a square board of tokens')
const eight = z.array(grid).length(8)
const testPairs = z.object({ test: z.array(z.object({ input: grid, output: grid })) })

const schemas = {
  dihedral: z.object({ input: grid, outputs: eight, inverse_of_each: eight }),
  arc_encode_no_translation: z.array(
    z.object({
      input: grid,
      output: grid,
      input_seq: board,
      output_seq: board,
      input_hash: z.string(),
      crop_of_input_seq: grid,
    }),
  ),
  arc_crop: z.array(z.object({ seq: board, cropped: grid })),
  arc_augmentation_names: z.array(
    z.object({ name: z.string(), original: z.string(), input: grid, augmented: grid, restored: grid }),
  ),
  arc_voting: z.object({
    identifiers: z.array(z.string()),
    test_puzzles: z.record(z.string(), testPairs),
    predictions: z.array(
      z.object({ puzzle_identifier: z.int().min(0), input: board, pred: board, q_halt_logit: z.number() }),
    ),
    result: z.record(z.string().regex(/^ARC\/pass@[1-9]\d*$/), z.number()),
    submission: z.record(z.string(), z.array(z.object({ attempt_1: grid, attempt_2: grid }))),
  }),
}

/** Entries of `data-and-numerics.json` about ARC. */
export const ARC_ENTRIES = Object.keys(schemas) as (keyof typeof schemas)[]

/**
 * Compares this build's results on ARC's grids with the entries of `data-and-numerics.json`, exactly: an error is 0, or
 * infinite if anything differs. Missing entries are skipped.
 *
 * @param file the file of the entries, for errors
 * @throws UserError naming file and place of a malformed entry.
 */
export function compareArc(entries: Record<string, unknown>, file: string): ParityRow[] {
  const rows: ParityRow[] = []
  const compare = <K extends keyof typeof schemas>(
    key: K,
    quantity: string,
    differences: (entry: z.output<(typeof schemas)[K]>, where: string) => string[],
  ): void => {
    if (!Object.hasOwn(entries, key)) return
    const where = `${file}, ${key}`
    const wrong = differences(
      checked(schemas[key] as unknown as z.ZodType<z.output<(typeof schemas)[K]>>, entries[key], where),
      where,
    )
    const error = wrong.length === 0 ? 0 : Number.POSITIVE_INFINITY
    rows.push({ variant: key, quantity, error, worst: wrong[0] ?? 'all equal' })
  }
  compare('dihedral', 'transforms and inverses', dihedralDifferences)
  compare('arc_encode_no_translation', 'tokens, hash, crop', (cases) => cases.flatMap(encodingDifferences))
  compare('arc_crop', 'cropped grids', (cases) =>
    cases.flatMap(({ seq, cropped }, i) => unequal(`[${i}].cropped`, nested(crop(seq, side(seq))), cropped)),
  )
  compare('arc_augmentation_names', 'grids behind names', (cases, where) =>
    cases.flatMap((entry, i) => nameDifferences(entry, i, where)),
  )
  compare('arc_voting', 'result and submission', votingDifferences)
  return rows
}

type Entry<K extends keyof typeof schemas> = z.output<(typeof schemas)[K]>

function dihedralDifferences({ input, outputs, inverse_of_each }: Entry<'dihedral'>): string[] {
  return outputs.flatMap((output, t) => [
    ...unequal(`outputs[${t}]`, nested(dihedral(flatten(input), t)), output),
    ...unequal(`inverse_of_each[${t}]`, nested(dihedral(flatten(output), INVERSE[t]!)), inverse_of_each[t]),
  ])
}

function encodingDifferences(entry: Entry<'arc_encode_no_translation'>[number], i: number): string[] {
  const tokens = (of: number[][], like: readonly number[]): number[] => {
    const into = new Array<number>(like.length).fill(0)
    encodeGrid(flatten(of), side(like), 0, 0, into, 0)
    return into
  }
  const { input, output, input_seq, output_seq, input_hash, crop_of_input_seq } = entry
  return [
    ...unequal(`[${i}].input_seq`, tokens(input, input_seq), input_seq),
    ...unequal(`[${i}].output_seq`, tokens(output, output_seq), output_seq),
    ...unequal(`[${i}].input_hash`, gridHash(flatten(input)), input_hash),
    ...unequal(`[${i}].crop_of_input_seq`, nested(crop(input_seq, side(input_seq))), crop_of_input_seq),
  ]
}

function nameDifferences(entry: Entry<'arc_augmentation_names'>[number], i: number, where: string): string[] {
  const { task, code } = parseVersionName(entry.name, `${where}[${i}].name`)
  return [
    ...unequal(`[${i}].original`, task, entry.original),
    ...unequal(`[${i}].name`, versionName(task, code), entry.name),
    ...unequal(`[${i}].augmented`, nested(applyVersion(flatten(entry.input), code)), entry.augmented),
    ...unequal(`[${i}].restored`, nested(undoVersion(flatten(entry.augmented), code)), entry.restored),
  ]
}

/** Counts as the published evaluator: the board that a prediction was made for identifies its test input. */
function votingDifferences(entry: Entry<'arc_voting'>, where: string): string[] {
  const { test_puzzles, predictions, result, submission } = entry
  const identifiers = identifiersFromList(entry.identifiers, `${where}.identifiers`)
  const tasks = Object.entries(test_puzzles).map(([name, { test }]) => ({ name, pairs: test }))
  const first = predictions[0]
  const votes = new ArcVotes(tasks, { identifiers, ...(first ? { board: side(first.input) } : {}) })
  votes.begin()
  predictions.forEach(({ puzzle_identifier, input, pred, q_halt_logit }, i) => {
    if (puzzle_identifier >= identifiers.count)
      throw new UserError({
        where: `${where}.predictions[${i}].puzzle_identifier`,
        expected: `a row of identifiers (below ${identifiers.count})`,
        found: String(puzzle_identifier),
      })
    votes.add({ identifier: puzzle_identifier, test: input, tokens: pred, halt: { logit: q_halt_logit } })
  })
  const ks = Object.keys(result).map((name) => Number(name.slice('ARC/pass@'.length)))
  const { pass } = votes.result(ks)
  return [
    ...ks.flatMap((k) => unequal(`result, ARC/pass@${k}`, pass?.[`pass@${k}`], result[`ARC/pass@${k}`])),
    ...unequal('submission', JSON.parse(submissionText(votes.submission())), submission),
  ]
}

function unequal(place: string, actual: unknown, expected: unknown): string[] {
  return isDeepStrictEqual(actual, expected) ? [] : [place]
}

function side(tokens: { readonly length: number }): number {
  return Math.sqrt(tokens.length)
}

function checked<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]!
  const place = issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('')
  throw new UserError({
    where: where + place,
    expected: 'an entry as in the published reference',
    found: issue.message,
  })
}
