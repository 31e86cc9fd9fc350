import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { escapeHtml } from '../../escape/html.js'
import { predictionPicture } from '../../plot/puzzle.js'
import { readOutcomes } from '../../results/run.js'
import type { FinishedRun, Runs } from '../compare/runs.js'
import { datasetOf } from '../data/dataset.js'
import { captioned, paragraphs, type Section } from './html.js'
import { bestFirst } from './metrics.js'

/** Largest number of configurations whose puzzles are drawn: the best ones. */
const CONFIGURATIONS = 3

/** An outcome that is drawn. */
interface Outcome {
  readonly id: string
  readonly puzzle: number
  readonly rating: number
  readonly exact: boolean
  /** Share of cells predicted correctly. */
  readonly cells: number
  readonly haltProbability: number
  readonly prediction: ArrayLike<number>
}

/**
 * Returns pictures of puzzles that the best configurations solve and fail at the last evaluation, wrong cells framed: the
 * hardest solved and the easiest failed ones where puzzles have ratings, else the first ones.
 *
 * @param count number of solved, and of failed, puzzles of a configuration
 */
export async function puzzlesSection(runs: Runs, count: number): Promise<Section> {
  const labels = runs.all.some(({ evaluations }) => evaluations.length > 0) ? bestFirst(runs) : []
  const data = new Map<string, Dataset>()
  const parts: string[] = []
  for (const label of labels.slice(0, CONFIGURATIONS)) {
    const run = runs.all.find((one) => runs.label(one) === label && one.evaluations.length > 0)
    if (!run) continue
    parts.push(`<h3>${escapeHtml(label)}, seed ${run.config.seed}</h3>`, await puzzlesOf(run, count, data))
  }
  const more =
    labels.length > CONFIGURATIONS ? [paragraphs(`The ${CONFIGURATIONS} best of ${labels.length} configurations.`)] : []
  const html = parts.length > 0 ? [...more, ...parts].join('\n') : paragraphs('No run has been evaluated yet.')
  return { id: 'puzzles', title: 'Solved and failed puzzles', html }
}

async function puzzlesOf(run: FinishedRun, count: number, known: Map<string, Dataset>): Promise<string> {
  try {
    const outcomes = outcomesOf(run)
    const data = await dataOf(run, known)
    const solved = outcomes.filter(({ exact }) => exact)
    const failed = outcomes.filter(({ exact }) => !exact)
    const shown = [
      ...solved.toSorted((a, b) => b.rating - a.rating || a.puzzle - b.puzzle).slice(0, count),
      ...failed.toSorted((a, b) => a.rating - b.rating || a.puzzle - b.puzzle).slice(0, count),
    ]
    const pictures = shown.map((outcome) =>
      captioned(
        predictionPicture(data, outcome).svg,
        `${outcome.exact ? 'Solved' : 'Failed'}: ${outcome.id}${outcome.rating > 0 ? `, rating ${outcome.rating}` : ''}.`,
      ),
    )
    return [paragraphs(`${solved.length} of ${outcomes.length} puzzles solved.`), ...pictures].join('\n')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return paragraphs(error.message, ' class="missing"')
  }
}

/** Returns the outcomes of stored puzzles whose answer is known, without those of their versions. */
function outcomesOf(run: FinishedRun): Outcome[] {
  const table = readOutcomes(run)
  const column = (name: string): ((row: number) => unknown) => {
    const vector = table.getChild(name)
    return (row) => vector?.get(row) ?? null
  }
  const [id, puzzle, version, rating] = ['id', 'puzzle', 'version', 'rating'].map(column)
  const [exact, cells, halt, prediction] = ['exact', 'cells', 'haltProbability', 'prediction'].map(column)
  return Array.from({ length: table.numRows }, (_, row) => row)
    .filter((row) => version!(row) === 0 && exact!(row) !== null)
    .map((row) => ({
      id: String(id!(row)),
      puzzle: Number(puzzle!(row)),
      rating: Number(rating!(row) ?? 0),
      exact: exact!(row) === true,
      cells: Number(cells!(row)),
      haltProbability: Number(halt!(row)),
      prediction: Uint8Array.from(prediction!(row) as Iterable<number>),
    }))
}

/** Returns the data set that a run was evaluated on. @throws UserError where it cannot be had, or has changed */
async function dataOf({ id, config, provenance }: FinishedRun, known: Map<string, Dataset>): Promise<Dataset> {
  const hash = String(provenance?.dataHash)
  const data = known.get(hash) ?? (await datasetOf(config))
  known.set(data.hash, data)
  if (data.hash === hash) return data
  throw new UserError({
    where: `the data set of run ${id}`,
    expected: `the one that it was evaluated on (${hash.slice(0, 12)})`,
    found: `another one (${data.hash.slice(0, 12)})`,
  })
}
