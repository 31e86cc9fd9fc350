import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from '../files/operations.js'
import { placeToRead } from '../files/places.js'
import { type ReadWeightsOptions, readWeightsFile, type WeightsFile } from '../interop/weights-file.js'
import { didYouMean } from '../options/nearest.js'
import { checkOwnCheckpoint } from './checkpoint.js'
import { DEFAULT_RESULTS, FILES, runsFolder } from './layout.js'
import { otherCode } from './other-code.js'
import { openRun, type RunRecord } from './record.js'

/** Options of {@link readWeightsOf}. */
export interface ReadWeightsOfOptions extends ReadWeightsOptions {
  /** Folder that contains `runs`. Default: `results`, in a notebook that of the project. */
  readonly resultsDir?: string
}

/** Weights, and the ID of their run; null for a file. */
export interface StoredWeights extends WeightsFile {
  readonly run: string | null
}

/**
 * Reads the weights of a stored run (its checkpoint), or of a file, including official ones; `RUN|FILE` on the command
 * line.
 *
 * @param runOrFile a file; else a run's folder, ID, or the beginning of one
 * @throws UserError when neither exists, or it cannot be read.
 */
export async function readWeightsOf(runOrFile: string, options: ReadWeightsOfOptions = {}): Promise<StoredWeights> {
  const { resultsDir, ...how } = options
  const place = placeToRead(runOrFile)
  if (fs.existsSync(place) && fs.statSync(place).isFile())
    return { ...(await readWeightsFile(runOrFile, how)), run: null }
  const run = runOrNoFile(runOrFile, resultsDir)
  checkOwnCheckpoint(run)
  const file = await readWeightsFile(path.join(run.dir, FILES.checkpoint), how)
  const other = otherCode(run)
  return { ...file, run: run.id, notes: other ? [...file.notes, other] : file.notes }
}

/** Opens a run by name. @throws UserError that reports a missing file when the name looks like one. */
function runOrNoFile(runOrFile: string, resultsDir: string = DEFAULT_RESULTS): RunRecord {
  const place = placeToRead(runOrFile)
  const isFolder = fs.existsSync(place)
  if (isFolder ? fs.existsSync(path.join(place, FILES.config)) : !/[/\\]|\.\w+$/.test(runOrFile))
    return openRun(isFolder ? path.resolve(place) : runOrFile, resultsDir)
  const folder = path.dirname(place)
  const beside = fs.existsSync(folder) && fs.statSync(folder).isDirectory() ? fs.readdirSync(folder) : []
  const near = isFolder ? undefined : didYouMean(path.basename(runOrFile), beside, folder === '.' ? '' : `${folder}/`)
  throw new UserError({
    where: runOrFile,
    expected: `a file of weights, or a run in ${runsFolder(resultsDir)}`,
    found: isFolder ? 'a folder without a run' : 'nothing of that name',
    todo: near ?? (isFolder ? 'Name a file in it.' : 'recurlab runs lists the runs.'),
    exitCode: 2,
  })
}
