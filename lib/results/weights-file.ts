import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from '../files/operations.js'
import { placeToRead } from '../files/places.js'
import { hasEntry } from '../files/regular.js'
import { PUBLIC_WEIGHTS } from '../interop/named/public.js'
import { checkNamed, weightsNamed, weightsNames } from '../interop/named/record.js'
import { type ReadWeightsOptions, readWeightsFile, type WeightsFile } from '../interop/weights-file.js'
import { didYouMean } from '../options/nearest.js'
import { type CheckpointChoice, checkOwnCheckpoint, chosenCheckpoint, newestIntact } from './checkpoint.js'
import { checkpointFile, DEFAULT_RESULTS, FILES, runsFolder } from './layout.js'
import { otherCode } from './other-code.js'
import { hasRun, openRun, type RunRecord } from './record.js'

/** Options of {@link readWeightsOf}. */
export interface ReadWeightsOfOptions extends ReadWeightsOptions {
  /** Folder that contains `runs`. Default: `results`, in a notebook that of the project. */
  readonly resultsDir?: string
  /** Which of the checkpoints that a run keeps. Default `last`; if that is damaged, the one before, with a note. */
  readonly checkpoint?: CheckpointChoice
}

/** Weights, and the ID of their run; null for a file. */
export interface StoredWeights extends WeightsFile {
  readonly run: string | null
}

/**
 * Reads the weights of a stored run (one of its checkpoints), or of a file, including official ones; `RUN|FILE` on the command
 * line.
 *
 * @param runOrFile a file; else a run's folder, ID, or the beginning of one; else a name of weights, e.g. `sudoku-6x6`
 * @throws UserError when none of them exists, or it cannot be read.
 */
export async function readWeightsOf(runOrFile: string, options: ReadWeightsOfOptions = {}): Promise<StoredWeights> {
  const { resultsDir, checkpoint, ...how } = options
  const place = fileOf(runOrFile, resultsDir)
  if (place !== null) {
    if (checkpoint !== undefined) throw noRun(runOrFile, checkpoint)
    return { ...(await readWeightsFile(place.file, { ...place.how, ...how })), run: null }
  }
  const run = runOrNoFile(runOrFile, resultsDir)
  const file = await readCheckpoint(run, checkpoint ?? 'last', how)
  const other = otherCode(run)
  return { ...file, run: run.id, notes: other ? [...file.notes, other] : file.notes }
}

/** A file of weights, and how it is read. */
interface Place {
  readonly file: string
  readonly how: ReadWeightsOptions
}

/**
 * Returns the file that a name stands for: a path, or weights by name where no run has that one, checked against their record; null
 * for a run.
 */
function fileOf(runOrFile: string, resultsDir: string = DEFAULT_RESULTS): Place | null {
  const place = placeToRead(runOrFile)
  if (fs.existsSync(place) && (fs.statSync(place).isFile() || hasEntry(path.join(place, FILES.config))))
    return fs.statSync(place).isFile() ? { file: runOrFile, how: {} } : null
  if (hasRun(runOrFile, resultsDir)) return null
  const named = weightsNamed(runOrFile)
  if (named === null && PUBLIC_WEIGHTS.some(({ name }) => name === runOrFile))
    throw new UserError({
      where: runOrFile,
      expected: 'weights that were fetched',
      found: 'none yet',
      todo: `recurlab weights fetch ${runOrFile} downloads them.`,
      exitCode: 2,
    })
  if (named === null) return null
  checkNamed(named)
  return { file: named.file, how: named.config === null ? {} : { config: named.config } }
}

async function readCheckpoint(run: RunRecord, choice: CheckpointChoice, how: ReadWeightsOptions): Promise<WeightsFile> {
  const read = (step: number): Promise<WeightsFile> => {
    checkOwnCheckpoint(run, step)
    return readWeightsFile(path.join(run.dir, checkpointFile(step)), how)
  }
  if (choice !== 'last') return read(chosenCheckpoint(run, choice))
  const { step, notes } = newestIntact(run)
  const file = await read(step)
  return { ...file, notes: [...notes, ...file.notes] }
}

function noRun(file: string, checkpoint: CheckpointChoice): UserError {
  return new UserError({
    where: file,
    expected: `a run, beside checkpoint=${checkpoint}`,
    found: 'a file',
    todo: 'Leave checkpoint out, or name the run.',
    exitCode: 2,
  })
}

/** Opens a run by name. @throws UserError that reports a missing file when the name looks like one. */
function runOrNoFile(runOrFile: string, resultsDir: string = DEFAULT_RESULTS): RunRecord {
  const place = placeToRead(runOrFile)
  const isFolder = fs.existsSync(place)
  if (isFolder ? hasEntry(path.join(place, FILES.config)) : !/[/\\]|\.\w+$/.test(runOrFile))
    return openRun(isFolder ? path.resolve(place) : runOrFile, resultsDir, weightsNames())
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
