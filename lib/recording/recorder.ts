import path from 'node:path'
import { Schema } from 'apache-arrow'
import { UserError } from '../errors.js'
import { ArrowBatchWriter } from '../files/arrow-batches.js'
import { makeFolder } from '../files/atomic.js'
import { type Lease, takeLease } from '../results/lease.js'
import type { StepMeasures } from '../think/step-measures.js'
import { type AnswerRow, answersBatch, answersSchema } from './answers-table.js'
import { batchOf, type Column, measured, schemaOf, stepColumns, type Values } from './columns.js'
import {
  ANSWERS_FILE,
  type KeptAnswers,
  type RecordingFacts,
  type RecordingHeader,
  STEPS_FILE,
  writeFacts,
} from './facts.js'
import { emptyLike, gathered } from './gather.js'

/** Options of a recorder. */
export interface RecorderOptions {
  /**
   * Rows at which a batch is written; it holds whole versions of puzzles, so that a reader needs one batch at a time.
   * Default: 65,536.
   */
  readonly batchRows?: number
}

/** Advances of the batch after which a version of a puzzle without a new row is complete, if all its rollouts have begun. */
const ADVANCES = 2
/** Rows of one version of a puzzle at most, which stay in memory until it is complete: about 1 GB. */
const MOST_UNIT_ROWS = 2 ** 22
/** Seconds after which completed rows are written however few they are. */
const FLUSH_SECONDS = 30

/** The rows of one version of a puzzle, until they are written. */
interface Unit {
  readonly puzzle: number
  readonly version: number
  /** Rows of the buffer, in the order they were computed. */
  rows: number[]
  /** Rollouts that have begun, and those that have reached the depth. */
  begun: number
  ended: number
  /** Advance of the batch at which each rollout was computed last, and the latest of them. */
  readonly advances: Int32Array
  advance: number
  /** Hash of each rollout's last answer, in halves. */
  readonly hashes: Uint32Array
  /** Distinct answers by hash; with `last`, the answer of each rollout so far by its rollout. */
  readonly answers: Map<bigint | number, Uint8Array>
}

/**
 * Records rollouts: a row for each step of each rollout, in a compressed Arrow file that grows, and the distinct answers in
 * another. Memory holds the rows of a micro-batch and of a batch to write, whatever the size of the recording. When the
 * process dies, what was written before stays readable.
 */
export class Recorder {
  readonly #dir: string
  readonly #batchRows: number
  readonly #header: RecordingHeader
  readonly #keeps: KeptAnswers
  readonly #created = new Date().toISOString()
  readonly #units = new Map<number, Unit>()
  /** Units whose rows are complete and in the buffer. */
  #completed: Unit[] = []
  #completedRows = 0
  /** The right to write the folder, by which others see that the recording is at work. */
  #lease: Lease | null = null
  #writers: { readonly steps: ArrowBatchWriter; readonly answers: ArrowBatchWriter | null } | null = null
  #columns: readonly Column[] = []
  #schema = new Schema([])
  #criteria: readonly string[] = []
  /** The buffer: a value per row and column. */
  #values: Values[] = []
  #size = 0
  /** Number of times that the batch behind the measurements has advanced, and the steps of its rows since. */
  #advance = 0
  readonly #steps = new Set<number>()
  /** Complete parts of both files. */
  #files: RecordingFacts['files'] = { steps: [], answers: [] }
  #ends: RecordingFacts['ends'] = { steps: null, answers: null }
  /** Whether a write has failed, after which nothing more is written. */
  #hasFailed = false
  #recorded = 0
  #rows = 0
  /** Rows added, also those that are left out because their puzzle is not complete. */
  #added = 0
  #computing = 0
  #recording = 0
  #returned = performance.now()
  #flushed = performance.now()

  /**
   * Begins a recording; its folder is made with the first measurements, or when it ends.
   *
   * @throws UserError for more rollouts × steps of a puzzle than fit in memory.
   */
  constructor(dir: string, header: RecordingHeader, { batchRows = 2 ** 16 }: RecorderOptions = {}) {
    this.#dir = dir
    this.#batchRows = batchRows
    this.#header = header
    this.#keeps = header.answers ?? 'last'
    const { rollouts, depth } = header.settings
    if (rollouts * depth > MOST_UNIT_ROWS)
      throw new UserError({
        where: 'rollouts × depth',
        expected: `at most ${MOST_UNIT_ROWS} rows of a puzzle, which are in memory together`,
        found: `${rollouts} × ${depth}`,
        todo: 'Record fewer rollouts, or fewer steps.',
        exitCode: 2,
      })
  }

  /**
   * Adds the measurements of a step; they may be changed afterwards. They come as a batch of rows advances: all its rows by
   * one step, those that are at different steps in several calls. Rows may leave and others take their place at any time; a
   * rollout that has left does not come back.
   *
   * @throws UserError when the folder cannot be made or holds a recording already, and when the disk is full; what was written
   *   before stays readable, and the recording can only be ended.
   * @throws RangeError for a rollout or a step that the settings exclude, or that was added before.
   */
  add(measures: StepMeasures): void {
    if (this.#hasFailed) throw new RangeError('measurements for a recording that has failed')
    const began = performance.now()
    this.#computing += began - this.#returned
    this.#begin(measures)
    if (this.#hasAdvanced(measures)) {
      this.#completeUnits('in order')
      this.#advance++
      this.#steps.clear()
    }
    this.#steps.add(measures.step)
    this.#append(measures)
    const isLate = began - this.#flushed > FLUSH_SECONDS * 1000
    if (this.#completedRows >= this.#batchRows || (isLate && this.#completedRows > 0)) {
      this.#writeCompleted()
      this.#writeFacts('recording')
    }
    this.#returned = performance.now()
    this.#recording += this.#returned - began
  }

  /**
   * Ends the recording and returns its facts. After a write that failed, the recording is interrupted, with what was written.
   *
   * @param state `interrupted` when the computation was stopped: the first version of a puzzle with rollouts that may have gone on
   *   is then left out, and all after it. Those after it that are complete already are the easy ones if rollouts leave early.
   * @throws UserError when the disk is full.
   * @throws RangeError if rollouts are missing from a finished recording.
   */
  end(state: 'finished' | 'interrupted' = 'finished'): RecordingFacts {
    try {
      return this.#end(state)
    } finally {
      this.#lease?.release()
    }
  }

  #end(state: 'finished' | 'interrupted'): RecordingFacts {
    if (this.#hasFailed) {
      this.#close((writer) => writer.close())
      return this.#writeFacts('interrupted')
    }
    this.#completeUnits(state === 'finished' ? 'all' : 'in order')
    const [lacking] = this.#units.values()
    if (state === 'finished' && lacking)
      throw new RangeError(`puzzle ${lacking.puzzle}, version ${lacking.version}: ${lacking.begun} rollouts only`)
    try {
      makeFolder(this.#dir)
      this.#writeCompleted()
      const { steps } = this.#writers ?? {}
      this.#close((writer) => {
        this.#ends = { ...this.#ends, [writer === steps ? 'steps' : 'answers']: writer.end() }
      })
      return this.#writeFacts(state)
    } catch (error) {
      this.#hasFailed = true
      try {
        this.#close((writer) => writer.close())
      } catch {
        // The failure that led here is the one to report.
      }
      throw error
    }
  }

  #close(how: (writer: ArrowBatchWriter) => void): void {
    const { steps, answers } = this.#writers ?? {}
    this.#writers = null
    try {
      if (steps) how(steps)
    } finally {
      if (answers) how(answers)
    }
  }

  /** Creates the files once the first measurements tell their columns. */
  #begin(measures: StepMeasures): void {
    if (this.#writers) return
    const { continues, guided, seqLen } = this.#header
    this.#criteria = Object.keys(measures.criteria)
    this.#columns = stepColumns(this.#criteria, { continues, guided, scoredCells: measures.scoredCells !== undefined })
    this.#schema = schemaOf(this.#columns)
    this.#values = this.#columns.map(({ empty }) => emptyLike(empty, this.#batchRows))
    makeFolder(this.#dir)
    this.#lease ??= takeLease(this.#dir)
    try {
      this.#writers = this.#openWriters(seqLen)
    } catch (error) {
      this.#lease.release()
      this.#lease = null
      throw error
    }
    this.#countParts()
    this.#writeFacts('recording')
  }

  #openWriters(seqLen: number): { steps: ArrowBatchWriter; answers: ArrowBatchWriter | null } {
    const file = (name: string): string => path.join(this.#dir, name)
    const steps = new ArrowBatchWriter(file(STEPS_FILE), this.#schema)
    try {
      const answers = this.#keeps === 'none' ? null : new ArrowBatchWriter(file(ANSWERS_FILE), answersSchema(seqLen))
      return { steps, answers }
    } catch (error) {
      steps.close()
      throw error
    }
  }

  #countParts(): void {
    const { steps, answers } = this.#writers!
    this.#files = { steps: [...steps.parts], answers: [...(answers?.parts ?? [])] }
  }

  #append(measures: StepMeasures): void {
    const { size, step } = measures
    const { rollouts, depth } = this.#header.settings
    this.#reserve(this.#size + size)
    for (const [i, column] of this.#columns.entries())
      (this.#values[i] as Uint8Array).set(measured(measures, column) as Uint8Array, this.#size)
    if (step < 1 || step > depth) throw new RangeError(`step ${step} of ${depth}`)
    for (let row = 0; row < size; row++) {
      const rollout = measures.rollout[row]!
      if (rollout < 0 || rollout >= rollouts) throw new RangeError(`rollout ${rollout} of ${rollouts}`)
      const unit = this.#unitOf(measures.puzzle[row]!, measures.version[row]!)
      if (step > 1 && unit.advances[rollout] === -1)
        throw new RangeError(
          `puzzle ${unit.puzzle}, version ${unit.version}, rollout ${rollout}: step ${step} without the one before`,
        )
      unit.rows.push(this.#size + row)
      unit.advances[rollout] = this.#advance
      unit.advance = this.#advance
      if (step === 1) unit.begun++
      if (step === depth) unit.ended++
      if (this.#keeps !== 'none') this.#keep(unit, measures, row)
    }
    this.#size += size
    this.#added += size
  }

  /** Keeps the answer of a row, unless it is that of the rollout's row before. */
  #keep(unit: Unit, { answers, hash, rollout, seqLen, step }: StepMeasures, row: number): void {
    const { hashes } = unit
    const isFirst = step === 1
    const [low, high] = [2 * rollout[row]!, 2 * rollout[row]! + 1]
    const words = new Uint32Array(hash.buffer, hash.byteOffset + 8 * row, 2)
    if (!isFirst && hashes[low] === words[0] && hashes[high] === words[1]) return
    hashes[low] = words[0]!
    hashes[high] = words[1]!
    const key = this.#keeps === 'last' ? rollout[row]! : hash[row]!
    const answer = answers.subarray(row * seqLen, (row + 1) * seqLen)
    const before = unit.answers.get(key)
    if (!before) unit.answers.set(key, answer.slice())
    else if (this.#keeps === 'last') before.set(answer)
  }

  #unitOf(puzzle: number, version: number): Unit {
    const key = version * 2 ** 31 + puzzle
    let unit = this.#units.get(key)
    if (!unit) {
      const { rollouts } = this.#header.settings
      unit = {
        puzzle,
        version,
        rows: [],
        begun: 0,
        ended: 0,
        advances: new Int32Array(rollouts).fill(-1),
        advance: this.#advance,
        hashes: new Uint32Array(2 * rollouts),
        answers: new Map(),
      }
      this.#units.set(key, unit)
    }
    return unit
  }

  /**
   * Returns whether the batch has advanced before these measurements: a step, or a row, comes twice only then. Rows that are
   * all new are taken for those of the advance before, which completes puzzles later.
   */
  #hasAdvanced({ step, puzzle, version, rollout }: StepMeasures): boolean {
    if (step === 1) return this.#steps.has(step)
    const unit = this.#unitOf(puzzle[0]!, version[0]!)
    return this.#steps.has(step) || unit.advances[rollout[0]!] === this.#advance
  }

  /**
   * Moves units all of whose rollouts have begun and ended to those to write.
   *
   * @param which those up to the first that is not complete, which keeps the order in which puzzles began, whatever the batch; or,
   *   after the last measurements, all whose rollouts have begun
   */
  #completeUnits(which: 'in order' | 'all'): void {
    for (const [key, unit] of this.#units) {
      const hasEnded = which === 'all' || unit.ended === unit.begun || unit.advance < this.#advance - ADVANCES
      if (unit.begun === this.#header.settings.rollouts && hasEnded) {
        this.#units.delete(key)
        this.#completed.push(unit)
        this.#completedRows += unit.rows.length
      } else if (which === 'in order') return
    }
  }

  /** Writes completed units; keeps the rows of the others. */
  #writeCompleted(): void {
    const batches = Math.max(1, Math.floor(this.#completedRows / this.#batchRows))
    const least = this.#completedRows / batches
    let first = 0
    while (first < this.#completed.length) {
      let rows = 0
      let last = first
      while (last < this.#completed.length && rows < least) rows += this.#completed[last++]!.rows.length
      this.#write(this.#completed.slice(first, last), rows)
      first = last
    }
    this.#completed = []
    this.#completedRows = 0
    this.#compact()
    this.#flushed = performance.now()
  }

  #write(units: readonly Unit[], size: number): void {
    const order = new Int32Array(size)
    let at = 0
    for (const unit of units) {
      this.#order(unit, order.subarray(at, at + unit.rows.length))
      at += unit.rows.length
    }
    const sorted = this.#values.map((values) => gathered(values, order))
    try {
      this.#writers!.steps.write(batchOf(this.#schema, this.#columns, sorted))
      this.#writeAnswers(units)
    } catch (error) {
      this.#hasFailed = true
      throw error
    }
    this.#countParts()
    this.#recorded += units.length
    this.#rows += size
  }

  /** Fills `order` with the rows of a unit, by rollout and then step. */
  #order(unit: Unit, order: Int32Array): void {
    const { rollouts, depth } = this.#header.settings
    const [rolloutOf, stepOf] = [this.#column('rollout'), this.#column('step')]
    const places = new Int32Array(rollouts * depth).fill(-1)
    for (const row of unit.rows) {
      const place = (rolloutOf[row] as number) * depth + (stepOf[row] as number) - 1
      const isNext = place % depth === 0 || places[place - 1] !== -1
      if (places[place] !== -1 || !isNext)
        throw new RangeError(
          `puzzle ${unit.puzzle}, version ${unit.version}, rollout ${rolloutOf[row]}: step ${stepOf[row]} ${isNext ? 'twice' : 'without the one before'}`,
        )
      places[place] = row
    }
    let at = 0
    for (const row of places) if (row !== -1) order[at++] = row
  }

  #writeAnswers(units: readonly Unit[]): void {
    const { answers: writer } = this.#writers!
    if (!writer) return
    const hashes = this.#column('hash') as BigUint64Array
    const rolloutOf = this.#column('rollout')
    const rows: AnswerRow[] = []
    for (const { puzzle, version, rows: own, answers } of units) {
      let distinct = answers as Map<bigint, Uint8Array>
      if (this.#keeps === 'last') {
        const hashOf = new Map<number, bigint>()
        for (const row of own) hashOf.set(rolloutOf[row] as number, hashes[row]!)
        distinct = new Map([...hashOf].map(([rollout, hash]) => [hash, answers.get(rollout)!]))
      }
      for (const [hash, answer] of distinct) rows.push({ puzzle, version, hash, answer })
    }
    writer.write(answersBatch(rows, this.#header.seqLen))
  }

  /** Moves the rows of units that are not complete to the beginning of the buffer. */
  #compact(): void {
    const order = Int32Array.from([...this.#units.values()].flatMap(({ rows }) => rows))
    for (const values of this.#values) values.set(gathered(values, order) as never)
    let at = 0
    for (const unit of this.#units.values()) unit.rows = unit.rows.map(() => at++)
    this.#size = order.length
  }

  #reserve(size: number): void {
    if (size <= this.#values[0]!.length) return
    this.#values = this.#values.map((values) => {
      const larger = emptyLike(values, size * 2)
      larger.set(values as never)
      return larger
    })
  }

  #column(name: string): Values {
    return this.#values[this.#columns.findIndex((column) => column.name === name)]!
  }

  #writeFacts(state: RecordingFacts['state']): RecordingFacts {
    const share = this.#added === 0 ? 0 : this.#rows / this.#added
    const facts: RecordingFacts = {
      ...this.#header,
      answers: this.#keeps,
      criteria: this.#criteria,
      state,
      created: this.#created,
      ended: state === 'recording' ? null : new Date().toISOString(),
      rows: this.#rows,
      recorded: this.#recorded,
      seconds: { computing: (share * this.#computing) / 1000, recording: (share * this.#recording) / 1000 },
      files: this.#files,
      ends: this.#ends,
    }
    writeFacts(this.#dir, facts)
    return facts
  }
}
