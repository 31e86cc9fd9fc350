import path from 'node:path'
import { UserError } from '../../errors.js'
import { writeJson } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { sizeText } from '../../files/space.js'
import { fileHash } from '../../files/stream-hash.js'
import { addFile, beginSum } from '../../storage/fetch/checksum.js'
import { fetchHubFiles, type HubFetchOptions } from '../../storage/fetch/fetch.js'
import type { FetchedFile } from '../../storage/fetch/fetched.js'
import { commitOf, type HubFiles, hubAccess, type RemoteFile } from '../../storage/fetch/hub.js'
import { PATIENCE } from '../../storage/fetch/patience.js'
import { readWeightsFile, type WeightsFile } from '../weights-file.js'
import type { PublicWeights } from './public.js'
import { sourceIn, WEIGHTS_FOLDER, type WeightsRecord, writeWeightsRecord } from './record.js'

/** Configuration of the published trainer, beside its checkpoints. */
const ALL_CONFIG = 'all_config.yaml'

/** Largest file that is downloaded, in bytes: the largest public checkpoint, with ARC's puzzle embedding, has 2.5 GB. */
const LARGEST = 4e9

/** Options of {@link fetchWeights}. */
export interface FetchWeightsOptions extends HubFetchOptions {
  /** Whether to take the files that are in the folder, put there by hand, without asking the hub. Default false. */
  readonly local?: boolean
}

/** Fetched weights. */
export interface FetchedWeights {
  readonly files: readonly FetchedFile[]
  readonly weights: WeightsFile
  readonly record: WeightsRecord
  /** Notes on the download, one sentence each; those on the tensors are in `weights`. */
  readonly notes: readonly string[]
}

/** Files in a folder, and where they come from. */
interface Present {
  readonly files: readonly FetchedFile[]
  readonly revision: string | null
  readonly checksum: 'known' | 'hub' | 'file'
}

/**
 * Downloads public weights into a folder, checks every tensor by its published name against the model of their
 * configuration, and writes their record. A repeated call resumes an interrupted download and keeps files that are there;
 * once the weights are complete, it asks for the same commit again.
 *
 * @throws UserError with advice; without a connection, which files to place where by hand.
 */
export async function fetchWeights(
  source: PublicWeights,
  dir: string,
  options: FetchWeightsOptions = {},
): Promise<FetchedWeights> {
  const present = options.local ? localFiles(source, dir) : await downloaded(source, dir, options)
  const name = path.posix.basename(source.path)
  const notes: string[] = []
  if (source.config !== null && !fs.existsSync(path.join(dir, ALL_CONFIG))) {
    writeJson(path.join(dir, 'config.json'), source.config)
    notes.push(
      `no ${ALL_CONFIG} beside the weights: config.json now holds the settings of the paper for the task, which the tensors agree with`,
    )
  }
  const weights = await readWeightsFile(path.join(dir, name))
  const stored = [...weights.tensors.values()].reduce((sum, { data }) => sum + data.length, 0)
  if (source.numbers !== null && stored !== source.numbers)
    throw new UserError({
      where: weights.file,
      expected: `the ${source.numbers.toLocaleString('en-US')} numbers of ${source.name}`,
      found: stored.toLocaleString('en-US'),
      todo: 'They are other weights than those that were measured.',
    })
  if (present.checksum !== 'known')
    notes.push(
      `the SHA-256 of the weights was not known before; that of ${present.checksum === 'hub' ? 'the hub' : 'the file'} is recorded`,
    )
  const sha256 = present.files.find(({ path: file }) => path.basename(file) === name)!.checksum.replace('SHA-256 ', '')
  const { repository } = source
  const record = writeWeightsRecord(dir, {
    summary: source.summary,
    file: name,
    sha256,
    ...configBeside(weights),
    parameters: stored,
    source: {
      repository,
      revision: present.revision,
      path: source.path,
      checksum: present.checksum,
      date: new Date().toISOString(),
    },
  })
  return { files: present.files, weights, record, notes }
}

/** Returns the configuration beside weights as their record names it; nothing for weights that hold their own. */
function configBeside({ file, configFrom }: WeightsFile): Pick<WeightsRecord, 'config'> {
  if (configFrom === null || configFrom === file) return {}
  return { config: { file: path.basename(configFrom), sha256: fileHash(configFrom) } }
}

async function downloaded(source: PublicWeights, dir: string, options: HubFetchOptions): Promise<Present> {
  const { signal, patience = PATIENCE } = options
  const files = hubFilesOf(source, sourceIn(dir)?.revision ?? source.revision)
  const revision = await commitOf(files, dir, hubAccess(options.environment ?? process.env), patience, signal)
  const onListed = (listed: readonly RemoteFile[]): void => checkListed(source, listed, dir)
  const fetched = await fetchHubFiles({ ...files, revision }, dir, { ...options, onListed })
  return { files: fetched, revision, checksum: source.sha256 === null ? 'hub' : 'known' }
}

function localFiles(source: PublicWeights, dir: string): Present {
  const files = [path.posix.basename(source.path), ALL_CONFIG].flatMap((name): FetchedFile[] => {
    const file = path.join(dir, name)
    if (!fs.existsSync(file)) return []
    const bytes = fs.statSync(file).size
    const sum = beginSum('sha256', bytes)
    addFile(sum, file, bytes)
    return [{ path: file, bytes, checksum: `SHA-256 ${sum.hex()}`, outcome: 'kept' }]
  })
  const weights = files.find(({ path: file }) => path.basename(file) === path.posix.basename(source.path))
  if (weights === undefined)
    throw new UserError({
      where: dir,
      expected: path.posix.basename(source.path),
      found: fs.existsSync(dir) ? 'no such file' : 'no such folder',
      todo: hubFilesOf(source, source.revision).byHand(dir),
      exitCode: 2,
    })
  if (source.sha256 !== null && weights.checksum !== `SHA-256 ${source.sha256}`)
    throw new UserError({
      where: weights.path,
      expected: `SHA-256 ${source.sha256}`,
      found: weights.checksum.replace('SHA-256 ', ''),
      todo: 'It is damaged, or another file of that name.',
    })
  return { files, revision: null, checksum: source.sha256 === null ? 'file' : 'known' }
}

/** Refuses files that are larger than any weights, not stored with a SHA-256, or others than the known ones. */
function checkListed(source: PublicWeights, listed: readonly RemoteFile[], dir: string): void {
  const { byHand } = hubFilesOf(source, source.revision)
  for (const { path: file, size, checksum } of listed) {
    const where = `${source.repository}, ${file}`
    if (size > LARGEST)
      throw new UserError({ where, expected: `at most ${sizeText(LARGEST)}`, found: sizeText(size), todo: byHand(dir) })
    if (file !== source.path) continue
    if (checksum.kind !== 'sha256')
      throw new UserError({
        where,
        expected: 'a SHA-256 of the weights from the hub',
        found: `a git name only: a file of ${sizeText(size)}, too small for weights`,
        todo: byHand(dir),
      })
    if (source.sha256 !== null && checksum.hex !== source.sha256)
      throw new UserError({
        where,
        expected: `SHA-256 ${source.sha256}`,
        found: checksum.hex,
        todo: 'The repository holds other weights than those that were measured.',
      })
  }
}

function hubFilesOf(source: PublicWeights, revision: string): HubFiles {
  const { name, repository, path: weights } = source
  return {
    title: name,
    type: 'model',
    repository,
    revision,
    files: [weights],
    companions: [path.posix.join(path.posix.dirname(weights), ALL_CONFIG)],
    byHand: (dir) =>
      `By hand: put ${weights} of the Hugging Face model ${repository}, and ${ALL_CONFIG} if it has one, into ${dir}, then: recurlab weights fetch ${name} --local${isOwnFolder(dir, name) ? '' : ` out=${dir}`}`,
  }
}

/** Returns whether a folder is the one that a name of weights is looked for in. */
function isOwnFolder(dir: string, name: string): boolean {
  return path.resolve(dir) === path.join(WEIGHTS_FOLDER, name)
}
