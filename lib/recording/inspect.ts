import path from 'node:path'
import { UserError } from '../errors.js'
import { type ArrowPart, readBatches } from '../files/arrow-batches.js'
import { scanArrow } from '../files/arrow-scan.js'
import { sha256 } from '../files/atomic.js'
import type { Inspection } from '../files/inspection.js'
import { fileOperations as fs } from '../files/operations.js'
import { withOpenFile } from '../files/pieces.js'
import { ANSWERS_FILE, FACTS_FILE, type RecordingFacts, readFacts, STEPS_FILE } from './facts.js'
import { unitsOf } from './unit.js'

/**
 * Inspects the recording in a folder: the seal of its facts, the SHA-256 of every batch, that each batch decodes, that rollouts are
 * whole and in their order, and the numbers of rows and puzzles. Memory holds one batch.
 *
 * @returns the facts; undefined when they are damaged
 */
export function inspectRecording(dir: string, inspection: Inspection): RecordingFacts | undefined {
  const facts = inspection.attempt(() => readFacts(dir))
  if (!facts) return undefined
  inspection.read(fs.statSync(path.join(dir, FACTS_FILE)).size)
  inspection.attempt(() => inspectSteps(dir, facts, inspection))
  if (facts.files.answers.length > 0) inspection.attempt(() => inspectAnswers(dir, facts, inspection))
  return facts
}

function inspectSteps(dir: string, facts: RecordingFacts, inspection: Inspection): void {
  const file = path.join(dir, STEPS_FILE)
  const { files, criteria, settings } = facts
  let [rows, units] = [0, 0]
  for (const batch of batchesOf(file, files.steps, inspection)) {
    rows += batch.numRows
    for (const { puzzle, version, arrays, starts, steps } of unitsOf(batch, criteria, settings.rollouts)) {
      units++
      for (let rollout = 0; rollout < settings.rollouts; rollout++) {
        const [first, count] = [starts[rollout]!, steps[rollout]!]
        const isWhole = count >= 1 && count <= settings.depth && arrays.step[first] === 1
        if (!isWhole || arrays.step[first + count - 1] !== count || arrays.rollout[first + count - 1] !== rollout)
          throw new UserError({
            where: `${file}, puzzle ${puzzle}, version ${version}`,
            expected: `${settings.rollouts} rollouts of at most ${settings.depth} steps, each from its first`,
            found: `another rollout ${rollout}`,
            todo: 'Record again.',
          })
      }
    }
  }
  checkCount(file, `${facts.rows} rows`, facts.rows, rows)
  checkCount(file, `${facts.recorded} versions of puzzles`, facts.recorded, units)
  checkEnd(file, files.steps, facts.ends.steps, inspection)
}

function inspectAnswers(dir: string, facts: RecordingFacts, inspection: Inspection): void {
  const file = path.join(dir, ANSWERS_FILE)
  const { answers, steps } = facts.files
  let rows = 0
  for (const batch of batchesOf(file, answers, inspection)) rows += batch.numRows
  checkCount(file, `${answers.length} parts, as many as of ${STEPS_FILE}`, answers.length, steps.length)
  checkCount(
    file,
    'the rows of its parts',
    answers.reduce((sum, part) => sum + part.rows, 0),
    rows,
  )
  checkEnd(file, answers, facts.ends.answers, inspection)
}

function* batchesOf(
  file: string,
  parts: readonly ArrowPart[],
  { read }: Inspection,
): Generator<ReturnType<typeof readBatches> extends Generator<infer B> ? B : never> {
  if (parts.length === 0) return
  read(parts[0]!.bytes)
  let part = 1
  for (const batch of readBatches(file, parts)) {
    const { bytes, rows } = parts[part]!
    read(bytes)
    checkCount(`${file}, batch ${part}`, `${rows} rows`, rows, batch.numRows)
    part++
    yield batch
  }
}

function checkCount(where: string, expected: string, right: number, found: number): void {
  if (right === found) return
  throw new UserError({ where, expected, found: String(found), todo: 'Record again, or copy the folder again.' })
}

/**
 * Checks the table of contents that ends a file, by which other programs read it.
 *
 * @param end null where there is none: a recording at work, and one whose last write failed
 * @throws UserError when it is damaged, or bytes follow it.
 */
function checkEnd(file: string, parts: readonly ArrowPart[], end: ArrowPart | null, { read }: Inspection): void {
  if (end === null) return
  const complete = parts.reduce((sum, { bytes }) => sum + bytes, 0)
  withOpenFile(file, read, (open) => {
    checkCount(file, `${complete + end.bytes} bytes`, complete + end.bytes, open.size)
    if (sha256(open.read(complete, end.bytes)) !== end.sha256)
      throw new UserError({
        where: file,
        expected: `the table of contents from byte ${complete} on`,
        found: 'other bytes',
        todo: 'Recurlab reads the file all the same; other programs may not. Copy it again.',
      })
    checkCount(file, `${parts.length - 1} batches`, parts.length - 1, scanArrow(open).batches.length)
  })
}
