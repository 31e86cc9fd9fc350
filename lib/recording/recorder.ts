import path from 'node:path'
import { Field, FixedSizeList, Int32, makeData, RecordBatch, Schema, Struct, Uint8, Uint64 } from 'apache-arrow'
import { tokenColumn } from '../data/arrow.js'
import { ArrowBatchWriter } from '../files/arrow-batches.js'
import { makeFolder } from '../files/atomic.js'
import type { StepMeasures } from '../think/step-measures.js'
import { batchOf, type Column, measured, schemaOf, stepColumns, type Values } from './columns.js'
import {
  ANSWERS_FILE,
  type KeptAnswers,
  type RecordingFacts,
  type RecordingHeader,
  STEPS_FILE,
  writeFacts,
} from './facts.js'

/** Rows at which a batch is written; it holds whole versions of puzzles, so that a reader needs one batch at a time. */
const BATCH_ROWS = 2 ** 16
/** Seconds after which completed rows are written however few they are. */
const FLUSH_SECONDS = 30

/** The rows of one version of a puzzle, until they are written. */
interface Unit {
  readonly puzzle: number
  readonly version: number
  /** Rows of the buffer, in the order they were computed. */
  rows: number[]
  /** Rollouts that have begun. */
  begun: number
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
  readonly #header: RecordingHeader
  readonly #keeps: KeptAnswers
  readonly #created = new Date().toISOString()
  readonly #units = new Map<number, Unit>()
  /** Units whose rows are complete and in the buffer. */
  #completed: Unit[] = []
  #completedRows = 0
  #writers: { readonly steps: ArrowBatchWriter; readonly answers: ArrowBatchWriter | null } | null = null
  #columns: readonly Column[] = []
  #schema = new Schema([])
  #criteria: readonly string[] = []
  /** The buffer: a value per row and column. */
  #values: Values[] = []
  #size = 0
  #isLastStepOne = false
  #recorded = 0
  #rows = 0
  #computing = 0
  #recording = 0
  #returned = performance.now()
  #flushed = performance.now()

  /**
   * Begins a recording in a new folder; `recording.json` follows with the first measurements.
   *
   * @throws UserError when the folder cannot be created.
   */
  constructor(dir: string, header: RecordingHeader) {
    this.#dir = dir
    this.#header = header
    this.#keeps = header.answers ?? 'last'
    makeFolder(dir)
  }

  /**
   * Adds the measurements of a step; they may be changed afterwards. Micro-batches follow each other: step 1 begins one, and
   * no row of an earlier one follows. The rollouts of a version of a puzzle may be in several.
   *
   * @throws UserError when the disk is full, or the folder holds a recording already; what was written before stays readable.
   * @throws RangeError for a rollout or a step that the settings exclude, or that was added before.
   */
  add(measures: StepMeasures): void {
    const began = performance.now()
    this.#computing += began - this.#returned
    this.#begin(measures)
    if (measures.step === 1 && !this.#isLastStepOne) this.#completeUnits()
    this.#isLastStepOne = measures.step === 1
    this.#append(measures)
    const isLate = began - this.#flushed > FLUSH_SECONDS * 1000
    if (this.#completedRows >= BATCH_ROWS || (isLate && this.#completedRows > 0)) {
      this.#writeCompleted()
      this.#writeFacts('recording')
    }
    this.#returned = performance.now()
    this.#recording += this.#returned - began
  }

  /**
   * Ends the recording and returns its facts.
   *
   * @param state `interrupted` when the computation was stopped: versions of puzzles that lack rollouts, and the micro-batch
   *   at work, are then left out.
   * @throws UserError when the disk is full.
   */
  end(state: 'finished' | 'interrupted' = 'finished'): RecordingFacts {
    if (state === 'finished') this.#completeUnits()
    this.#writeCompleted()
    this.#writers?.steps.end()
    this.#writers?.answers?.end()
    return this.#writeFacts(state)
  }

  /** Creates the files once the first measurements tell their columns. */
  #begin(measures: StepMeasures): void {
    if (this.#writers) return
    const { continues, guided, seqLen } = this.#header
    this.#criteria = Object.keys(measures.criteria)
    this.#columns = stepColumns(this.#criteria, { continues, guided, scoredCells: measures.scoredCells !== undefined })
    this.#schema = schemaOf(this.#columns)
    this.#values = this.#columns.map(({ empty }) => emptyLike(empty, BATCH_ROWS))
    const file = (name: string): string => path.join(this.#dir, name)
    this.#writers = {
      steps: new ArrowBatchWriter(file(STEPS_FILE), this.#schema),
      answers: this.#keeps === 'none' ? null : new ArrowBatchWriter(file(ANSWERS_FILE), answersSchema(seqLen)),
    }
    this.#writeFacts('recording')
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
      unit.rows.push(this.#size + row)
      if (step === 1) unit.begun++
      if (this.#keeps !== 'none' && (step === 1 || measures.changed[row]! > 0)) this.#keep(unit, measures, row)
    }
    this.#size += size
  }

  #keep(unit: Unit, { answers, hash, rollout, seqLen }: StepMeasures, row: number): void {
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
      unit = { puzzle, version, rows: [], begun: 0, answers: new Map() }
      this.#units.set(key, unit)
    }
    return unit
  }

  /** Moves units all of whose rollouts have ended to those to write. */
  #completeUnits(): void {
    for (const [key, unit] of this.#units) {
      if (unit.begun < this.#header.settings.rollouts) continue
      this.#units.delete(key)
      this.#completed.push(unit)
      this.#completedRows += unit.rows.length
    }
  }

  /** Writes completed units; keeps the rows of the others. */
  #writeCompleted(): void {
    let first = 0
    while (first < this.#completed.length) {
      let rows = 0
      let last = first
      while (last < this.#completed.length && rows < BATCH_ROWS) rows += this.#completed[last++]!.rows.length
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
    this.#writers!.steps.write(batchOf(this.#schema, this.#columns, sorted))
    this.#writeAnswers(units)
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
    const rows: { puzzle: number; version: number; hash: bigint; answer: Uint8Array }[] = []
    for (const { puzzle, version, rows: own, answers } of units) {
      let distinct = answers as Map<bigint, Uint8Array>
      if (this.#keeps === 'last') {
        const hashOf = new Map<number, bigint>()
        for (const row of own) hashOf.set(rolloutOf[row] as number, hashes[row]!)
        distinct = new Map([...hashOf].map(([rollout, hash]) => [hash, answers.get(rollout)!]))
      }
      for (const [hash, answer] of distinct) rows.push({ puzzle, version, hash, answer })
    }
    const { seqLen } = this.#header
    const tokens = new Uint8Array(rows.length * seqLen)
    for (const [i, { answer }] of rows.entries()) tokens.set(answer, i * seqLen)
    const schema = answersSchema(seqLen)
    const length = rows.length
    const children = [
      makeData({ type: new Int32(), length, nullCount: 0, data: Int32Array.from(rows, ({ puzzle }) => puzzle) }),
      makeData({ type: new Int32(), length, nullCount: 0, data: Int32Array.from(rows, ({ version }) => version) }),
      makeData({ type: new Uint64(), length, nullCount: 0, data: BigUint64Array.from(rows, ({ hash }) => hash) }),
      tokenColumn(tokens, length, seqLen).data[0]!,
    ]
    writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, nullCount: 0, children })))
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
    const facts: RecordingFacts = {
      ...this.#header,
      answers: this.#keeps,
      criteria: this.#criteria,
      state,
      created: this.#created,
      ended: state === 'recording' ? null : new Date().toISOString(),
      rows: this.#rows,
      recorded: this.#recorded,
      seconds: { computing: this.#computing / 1000, recording: this.#recording / 1000 },
      files: { steps: this.#writers?.steps.parts ?? [], answers: this.#writers?.answers?.parts ?? [] },
    }
    writeFacts(this.#dir, facts)
    return facts
  }
}

function answersSchema(seqLen: number): Schema {
  return new Schema([
    new Field('puzzle', new Int32(), false),
    new Field('version', new Int32(), false),
    new Field('hash', new Uint64(), false),
    new Field('answer', new FixedSizeList(seqLen, new Field('item', new Uint8(), false)), false),
  ])
}

function emptyLike(values: Values, length: number): Values {
  return new (values.constructor as new (length: number) => Values)(length)
}

/** Returns the values of rows, in their order. */
function gathered(values: Values, rows: Int32Array): Values {
  const out = emptyLike(values, rows.length) as Uint8Array
  const from = values as Uint8Array
  for (let i = 0; i < rows.length; i++) out[i] = from[rows[i]!]!
  return out
}
