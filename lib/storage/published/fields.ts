import { isJsonObject, kindOf, shown } from '../../files/json.js'
import { faults, readPublishedJson } from './json.js'

/** Fields of a published `dataset.json`. */
export interface PublishedFields {
  readonly pad_id: number
  /** null when every label counts. */
  readonly ignore_label_id: number | null
  readonly blank_identifier_id: number
  readonly vocab_size: number
  readonly seq_len: number
  readonly num_puzzle_identifiers: number
  readonly total_groups: number
  readonly mean_puzzle_examples: number
  /**
   * Number of puzzles, or of groups: the Sudoku and Maze builders write the number of groups here. Older files lack it.
   */
  readonly total_puzzles?: number | undefined
  /** Names of the parts of a split; always the single name `all`. */
  readonly sets: readonly string[]
}

/** Maximum vocabulary size: tokens are stored as bytes. */
const MAX_VOCABULARY = 256

const WHOLE = [
  'pad_id',
  'blank_identifier_id',
  'vocab_size',
  'seq_len',
  'num_puzzle_identifiers',
  'total_groups',
] as const
const KNOWN: readonly string[] = [...WHOLE, 'ignore_label_id', 'mean_puzzle_examples', 'total_puzzles', 'sets']

/**
 * Reads the `dataset.json` of a split.
 *
 * @returns its fields, the object as stored, and the SHA-256 of the file
 * @throws UserError naming a key that is missing, unknown, of another type or out of range.
 */
export function readFields(file: string): { fields: PublishedFields; json: object; sha256: string } {
  const fail = faults(file)
  const { value: json, sha256 } = readPublishedJson(file)
  if (!isJsonObject(json)) throw fail('a JSON object', kindOf(json))
  const unknown = Object.keys(json).find((key) => !KNOWN.includes(key))
  if (unknown !== undefined) throw fail(`no keys but ${KNOWN.join(', ')}`, shown(unknown), `key ${unknown}`)
  const own = (key: string): unknown => (Object.hasOwn(json, key) ? json[key] : undefined)
  const whole = (key: string, least: number, most = 2 ** 31 - 1): number => {
    const found = own(key)
    if (Number.isInteger(found) && Number(found) >= least && Number(found) <= most) return Number(found)
    throw fail(`a whole number ${least}…${most}`, shown(found), `key ${key}`)
  }
  const vocab_size = whole('vocab_size', 2, MAX_VOCABULARY)
  const num_puzzle_identifiers = whole('num_puzzle_identifiers', 1)
  const mean = own('mean_puzzle_examples')
  if (typeof mean !== 'number' || !(mean >= 0)) throw fail('a number', shown(mean), 'key mean_puzzle_examples')
  if (own('ignore_label_id') === undefined) throw fail('a token or null', 'nothing', 'key ignore_label_id')
  const fields: PublishedFields = {
    pad_id: whole('pad_id', 0, vocab_size - 1),
    ignore_label_id: own('ignore_label_id') === null ? null : whole('ignore_label_id', 0, vocab_size - 1),
    blank_identifier_id: whole('blank_identifier_id', 0, num_puzzle_identifiers - 1),
    vocab_size,
    seq_len: whole('seq_len', 1, 2 ** 20),
    num_puzzle_identifiers,
    total_groups: whole('total_groups', 0),
    mean_puzzle_examples: mean,
    total_puzzles: own('total_puzzles') === undefined ? undefined : whole('total_puzzles', 0),
    sets: readSets(own('sets'), fail),
  }
  return { fields, json, sha256 }
}

function readSets(sets: unknown, fail: ReturnType<typeof faults>): readonly string[] {
  const one = Array.isArray(sets) && sets.length === 1 ? (sets[0] as unknown) : undefined
  // The name becomes part of file names.
  if (typeof one === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(one)) return [one]
  throw fail('one set, as in ["all"]', shown(sets), 'key sets')
}

/** Fields that must agree between both splits of a folder. */
export const COMMON = [
  'pad_id',
  'ignore_label_id',
  'blank_identifier_id',
  'vocab_size',
  'seq_len',
  'num_puzzle_identifiers',
] as const
