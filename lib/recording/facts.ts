import path from 'node:path'
import type { ArrowPart } from '../files/arrow-batches.js'
import { sha256 } from '../files/atomic.js'
import type { JsonObject } from '../files/json.js'
import { canonicalJson, readSealedJson, type SealedFormat, writeSealedJson } from '../files/sealed-json.js'
import { isAtWork } from '../results/lease.js'
import type { RolloutSettings } from '../think/settings.js'

const FORMAT: SealedFormat = {
  what: 'the facts of a recording',
  version: 3,
  todo: 'Record again, or copy the folder again.',
}

/** Names of the files in a recording's folder. */
export const FACTS_FILE = 'recording.json'
export const STEPS_FILE = 'steps.arrow'
export const ANSWERS_FILE = 'answers.arrow'

/** Answers that a recording keeps: those of each rollout's last step, all, or none. Each distinct answer is stored once. */
export type KeptAnswers = 'last' | 'all' | 'none'

/** A name with a SHA-256 that identifies the content. */
export interface Named {
  readonly name: string
  readonly hash: string
}

/** Facts of a recording that are known before it begins. */
export interface RecordingHeader {
  /** Name of the task. */
  readonly task: string
  readonly split: 'train' | 'test'
  readonly data: Named
  /** Choice of puzzles within the split, by its name, with a SHA-256 over their indices. */
  readonly subset: Named & { readonly puzzles: number }
  /** Versions per puzzle, 1 for the stored one alone. */
  readonly versions: number
  /** Tokens per answer. */
  readonly seqLen: number
  readonly weights: Named
  readonly settings: RolloutSettings
  /** Whether rollouts are particles that were resampled, so that the selector `guided` has log-weights to go by. */
  readonly guided: boolean
  /** Whether the logit of continuing was trained and is recorded. */
  readonly continues: boolean
  /** Default: `last`. */
  readonly answers?: KeptAnswers
  /** Multiply-accumulates of a row's supervision step, forward pass with heads; null if unknown. */
  readonly macsPerStep: number | null
  /** Identity of the recording that deterministic rollouts are beside; see {@link recordingIdentity}. */
  readonly beside?: string
  /** Whatever else explains the numbers: precision, backend, options that are ours rather than a paper's. */
  readonly notes: JsonObject
}

/** State of a recording. The file of one whose process has died says `recording`; read, it is `interrupted`. */
export type RecordingState = 'recording' | 'finished' | 'interrupted'

/** Facts of a recording, as its `recording.json` holds them. */
export interface RecordingFacts extends RecordingHeader {
  readonly answers: KeptAnswers
  /** Criteria of the task's judge; empty if it has none. */
  readonly criteria: readonly string[]
  readonly state: RecordingState
  /** ISO 8601. */
  readonly created: string
  /** ISO 8601; null until the recording ends. */
  readonly ended: string | null
  /** Rows in the table of steps. */
  readonly rows: number
  /** Versions of puzzles recorded completely. */
  readonly recorded: number
  /**
   * Time outside the recorder, i.e. of computing, and inside it, for the rows in the table: of an interrupted recording, a share of
   * the time that was spent.
   */
  readonly seconds: { readonly computing: number; readonly recording: number }
  /** Complete parts of the files. */
  readonly files: { readonly steps: readonly ArrowPart[]; readonly answers: readonly ArrowPart[] }
  /** Their tables of contents, by which other programs read them; null until the recording ends, and without a file. */
  readonly ends: { readonly steps: ArrowPart | null; readonly answers: ArrowPart | null }
}

/** Writes the facts of a recording, atomically. */
export function writeFacts(dir: string, facts: RecordingFacts): void {
  writeSealedJson(path.join(dir, FACTS_FILE), FORMAT, facts, { makeFolder: false })
}

/**
 * Reads the facts of a recording; one that no process works on any more is interrupted.
 *
 * @throws UserError when the file is missing, damaged, or of another format version.
 */
export function readFacts(dir: string): RecordingFacts {
  const facts = storedFacts(dir)
  if (facts.state !== 'recording' || isAtWork(dir)) return facts
  // It may have ended, and its lease been released, in between.
  const now = storedFacts(dir)
  return now.state === 'recording' ? { ...now, state: 'interrupted' } : now
}

function storedFacts(dir: string): RecordingFacts {
  return readSealedJson(path.join(dir, FACTS_FILE), FORMAT) as unknown as RecordingFacts
}

/** Returns a hash that tells a recording from all others, whatever its folder is called; files beside it carry it. */
export function recordingIdentity({ created, data, subset, weights, settings }: RecordingFacts): string {
  return sha256(canonicalJson([created, data, subset, weights, settings]))
}
