import { parseConfig } from '../../config/parse.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { Metrics } from '../../evaluate/own-metrics.js'
import { differingHashes } from '../../files/hash-text.js'
import { otherCode } from '../../results/other-code.js'
import { openRun, type RunRecord } from '../../results/run.js'
import { datasetOf } from '../data/dataset.js'
import { runWork } from '../estimate/work.js'
import { watched } from '../watch/watch.js'
import { applyComputeSettings, storedComputeSettings } from './compute-settings.js'
import { plainNote } from './dtype.js'
import { checkFunctions, metricsOf, type RunFunctions } from './functions.js'
import { reopenSession } from './reopen.js'
import { continueSession, type SessionOptions } from './session.js'
import { AGAIN, stoppedRun } from './stop.js'

/** Options of `resume`: where to find the run, its data if the configuration cannot tell, and its custom functions. */
export interface ResumeOptions extends SessionOptions, RunFunctions {
  /** Folder that holds `runs`; default `results`, in a notebook the project's. */
  readonly resultsDir?: string
  /** Default: the data set of the run's configuration, built or generated. */
  readonly data?: Dataset
  /** All the metrics that the run was begun with. */
  readonly metrics?: Metrics
  /** Takes the run from a process on another machine without waiting for it to be silent for long. Default false. */
  readonly force?: boolean
}

/**
 * Resumes a run from its checkpoint, bit for bit as if it had never stopped (on the same backend and machine). Without an
 * observer, it shows a progress line and, in a notebook, live curves.
 *
 * @param run folder, ID or a prefix of an ID
 * @returns the run's ID
 * @throws UserError if the run is finished, its data are missing or have changed, its checkpoint is damaged, or one of its
 * custom functions is neither passed nor registered in this process, or differs; Interrupted if the user stops the notebook
 * cell: the run is saved, and the message says how to resume it.
 */
export async function resume(run: string, options: ResumeOptions = {}): Promise<string> {
  const record = openRun(run, options.resultsDir)
  if (record.state === 'finished')
    throw new UserError({
      where: `run ${record.id}`,
      expected: 'a run that is not finished',
      ...finishedBy(record),
    })
  const config = parseConfig(record.config)
  const call = { where: `run ${record.id}`, begins: `resume('${record.id}', ` }
  checkFunctions(config, options, ['mixer', 'loss'], call)
  const metrics = metricsOf(record, config, options.metrics)
  const data = options.data ?? (await datasetOf(config))
  checkSameData(record.id, record.provenance, data)
  const work = runWork(config, data)
  const { trainSteps } = work
  return watched(options, [work], [record.status.checkpoint ?? 0], async ({ observer, signal, throws }) => {
    const other = otherCode(record)
    if (other) observer(0).onNote?.(`${other}; it is resumed with the current code`)
    const session = await reopenSession(record, work, data, { ...options, metrics, observer: observer(0) })
    const applied = applyComputeSettings(storedComputeSettings(record))
    const { state } = session.trainer
    state.model = state.model.with({ dtype: applied.dtype })
    const plain = plainNote(config.mixer)
    if (plain) observer(0).onNote?.(plain)
    if (applied.note) observer(0).onNote?.(applied.note)
    const { estimate = true, stopAt, endAt } = options
    const watch = {
      observer: observer(0),
      estimate,
      ...(signal ? { signal } : {}),
      ...(stopAt === undefined ? {} : { stopAt }),
      ...(endAt === undefined ? {} : { endAt }),
    }
    const end = await continueSession(session, watch).finally(() => applied.end())
    if (end === 'interrupted' && throws) throw stoppedRun({ step: state.step, trainSteps, again: AGAIN })
    return record.id
  })
}

/** Says what ended a finished run, and how to train longer. */
function finishedBy({ status }: RunRecord): { found: string; todo: string } {
  const { ended, message, trainSteps, step } = status
  if (ended === 'trainSteps' || ended === null)
    return { found: `all ${trainSteps ?? step} steps done`, todo: 'Start a longer one with trainSteps=N.' }
  return { found: `one that is finished ${message ?? `at step ${step}`}`, todo: `Start one with another ${ended}.` }
}

/** Refuses a data set that was rebuilt with other content. @throws UserError */
export function checkSameData(id: string, provenance: Readonly<Record<string, unknown>>, data: Dataset): void {
  const hash = provenance.dataHash
  if (hash === data.hash) return
  const [own, other] = differingHashes(String(hash), data.hash)
  throw new UserError({
    where: `run ${id}`,
    expected: `its data set, hash ${own}`,
    found: `another, hash ${other}`,
    todo: 'Name the data set that it was trained on with data=DIR.',
  })
}
