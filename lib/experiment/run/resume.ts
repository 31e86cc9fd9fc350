import { parseConfig } from '../../config/parse.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { Metrics } from '../../evaluate/metrics.js'
import { differingHashes } from '../../files/hash-text.js'
import { otherCode } from '../../results/other-code.js'
import { openRun } from '../../results/run.js'
import { datasetOf } from '../data/dataset.js'
import { runWork } from '../estimate/work.js'
import { watched } from '../watch/watch.js'
import { followChoices, storedChoices } from './choices.js'
import { plainNote } from './dtype.js'
import { checkFunctions, metricsOf, type RunFunctions } from './functions.js'
import { reopenSession } from './reopen.js'
import { continueSession, type SessionOptions } from './session.js'
import { AGAIN, stoppedRun } from './stop.js'

/** Where a run is looked for, and the puzzles it was trained on where its configuration cannot tell. */
export interface ResumeOptions extends SessionOptions, RunFunctions {
  /** Folder that holds `runs`; default `results`, in a notebook that of the project. */
  readonly resultsDir?: string
  /** Default: the data set named in the run's configuration, or puzzles generated from it. */
  readonly data?: Dataset
  /** The metrics that the run was begun with, all of them. */
  readonly metrics?: Metrics
  /** Takes the run from a process on another machine without waiting until that one has been silent for long. Default false. */
  readonly force?: boolean
}

/**
 * Goes on with a run from its checkpoint, bit for bit as if it had never stopped (on the same backend and machine).
 * Without an observer, a line of progress and, in a notebook, live curves are shown.
 *
 * @param run folder, ID or the beginning of one
 * @returns the run's ID
 * @throws UserError when the run is finished, its data cannot be had or has changed, its checkpoint is damaged, or a function
 * of the user's own that it was made with is neither given nor known to this process, or differs;
 * Interrupted when the user stops the notebook's cell: the run is saved, and the message says how it goes on.
 */
export async function resume(run: string, options: ResumeOptions = {}): Promise<string> {
  const record = openRun(run, options.resultsDir)
  if (record.state === 'finished')
    throw new UserError({
      where: `run ${record.id}`,
      expected: 'a run that is not at its end',
      found: `all ${record.status.trainSteps ?? record.status.step} steps done`,
      todo: 'Start a longer one with trainSteps=N.',
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
    if (other) observer(0).onNote?.(`${other}; it goes on with the code that is here`)
    const session = await reopenSession(record, work, data, { ...options, metrics, observer: observer(0) })
    const followed = followChoices(storedChoices(record))
    const { state } = session.trainer
    state.model = state.model.with({ dtype: followed.dtype })
    const plain = plainNote(config.mixer)
    if (plain) observer(0).onNote?.(plain)
    if (followed.note) observer(0).onNote?.(followed.note)
    const { estimate = true } = options
    const watch = { observer: observer(0), estimate, ...(signal ? { signal } : {}) }
    const end = await continueSession(session, watch).finally(() => followed.end())
    if (end === 'interrupted' && throws) throw stoppedRun({ step: state.step, trainSteps, again: AGAIN })
    return record.id
  })
}

/** A data set that was built anew with other content must not go unnoticed. */
function checkSameData(id: string, provenance: Readonly<Record<string, unknown>>, data: Dataset): void {
  const hash = provenance.dataHash
  if (hash === data.hash) return
  const [own, other] = differingHashes(String(hash), data.hash)
  throw new UserError({
    where: `run ${id}`,
    expected: `its data set, hash ${own}`,
    found: `another, hash ${other}`,
    todo: 'Name the folder of the data set it was trained on with data=DIR.',
  })
}
