import { isDeepStrictEqual } from 'node:util'
import { parseConfig } from '../config/parse.js'
import type { Config } from '../config/schema.js'
import type { Dataset } from '../data/dataset.js'
import { UserError } from '../errors.js'
import { listRuns, type RunRecord } from '../results/run.js'
import { readWeightsOf } from '../results/weights-file.js'
import type { TrainOptions } from './train.js'

/** What a stored run began with, as its provenance has it. */
interface Init {
  readonly from: string
  readonly weights: unknown
  readonly step: unknown
}

/**
 * Finds, for each configuration of a sweep, a stored run of it that is finished or can go on: of the same
 * configuration, data and first weights. Of several the finished ones come first, then the newest.
 *
 * @param configs with the keys of their data, as runs store them
 * @returns by place; null where the run has to be made
 * @throws UserError when the weights to begin with cannot be read.
 */
export async function earlierRuns(
  configs: readonly Config[],
  data: Dataset,
  { resultsDir, init }: Pick<TrainOptions, 'resultsDir' | 'init'>,
): Promise<(RunRecord | null)[]> {
  const first = init
    ? await readWeightsOf(init.from, {
        ...(resultsDir === undefined ? {} : { resultsDir }),
        ...(init.weights === undefined ? {} : { weights: init.weights }),
      })
    : null
  const begins = first && { from: first.file, weights: first.weights, step: first.step }
  const candidates = listRuns(resultsDir)
    .runs.filter((run) => run.provenance.dataHash === data.hash && isDeepStrictEqual(initOf(run), begins))
    .filter(canBeTakenOver)
    .reverse()
    .sort((a, b) => Number(b.state === 'finished') - Number(a.state === 'finished'))
  return configs.map((config) => {
    const at = candidates.findIndex((run) => isDeepStrictEqual(configOf(run), config))
    // Two equal configurations of one sweep are two runs.
    return candidates.splice(at, at < 0 ? 0 : 1)[0] ?? null
  })
}

/** A run that another process is at work on is not touched. */
function canBeTakenOver({ state, status }: RunRecord): boolean {
  return state === 'finished' || (state !== 'running' && status.checkpoint !== null)
}

function initOf({ provenance }: RunRecord): Init | null {
  const init = provenance.init as Init | undefined
  return init ? { from: init.from, weights: init.weights, step: init.step } : null
}

/** null for a configuration of another version, which is nobody's. */
function configOf({ config }: RunRecord): Config | null {
  try {
    return parseConfig(config)
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
