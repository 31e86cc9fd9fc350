import { flopsOf, macText } from '../../../evaluate/mac-units.js'
import { floorText } from '../../../experiment/think/floor.js'
import type { RolloutRecording } from '../../../experiment/think/rollout-recording.js'
import { type RecordingSummaryRow, summaryTable } from '../../../experiment/think/summary.js'
import type { Extent } from '../../../recording/points.js'
import { SELECTORS, type Selector } from '../../../recording/selectors.js'
import { formatTable } from '../../../results/text.js'
import { halfWidth, plusMinus, rounded } from '../../../statistics/rounding.js'
import type { HelpRow } from '../../help.js'
import { given, severalOf } from '../../keys.js'

const NAMES = Object.keys(SELECTORS) as Selector[]

/** Help of {@link selected}. */
export const SELECT_HELP: HelpRow = [
  'select=A,B',
  `How the answer is chosen: ${NAMES.map((name) => `${name} (${SELECTORS[name]})`).join('; ')}. Default: all that the recording can answer.`,
]

/** Reasons why a recording has no numerical floor. */
const NO_FLOOR = {
  guided: 'particles have no numerical floor of their own',
  independent: 'the numerical floor was not measured (floor=true measures it with the fused kernels)',
} as const

/** Parses `select=A,B`. @throws UserError (exit code 2) for an unknown selector. */
export function selected(text: string | undefined): Selector[] | undefined {
  return text === undefined ? undefined : severalOf('select=', text, NAMES)
}

/** Options of {@link printRecording}. */
export interface PrintOptions extends Extent {
  readonly select?: readonly Selector[]
  readonly json: boolean
}

/** Prints what a recording says: accuracy by selector, gain and compute, the numerical floor, and where it lies. */
export function printRecording(recording: RolloutRecording, { json, select, ...extent }: PrintOptions): void {
  const { id, dir, facts, numericFloor } = recording
  const rows = recording.summary({ ...extent, ...given({ select }) })
  const write = (text: string): void => void process.stdout.write(`${text}\n`)
  if (json) {
    const { files: _, ...known } = facts
    write(JSON.stringify({ recording: id, dir, ...known, numericFloor, summary: rows }))
    return
  }
  const { weights, data, subset, settings, notes, state, recorded, rows: steps, macsPerStep, seconds } = facts
  for (const note of listOfTexts(notes.weights)) write(`note: ${note}`)
  if (state !== 'finished')
    write(`note: the recording was interrupted: it has ${recorded} of ${subset.puzzles * facts.versions} puzzles`)
  const unknown = rows[0]?.unknown ?? 0
  if (unknown > 0)
    write(`note: the answers of ${unknown} puzzles are not known: exact accuracy and gain leave them out`)
  write(
    rows.length > 0 ? formatTable(summaryTable(rows)) : 'no accuracy: no answer is known, and the task has no judge',
  )
  write('')
  const [base, ...others] = rows
  const best = others.find(({ select }) => select === 'q') ?? others[0]
  const facing: [string, string][] = [
    ['weights', `${weights.name} (${weights.hash.slice(0, 12)})`],
    ['puzzles', `${subset.name} (${subset.hash.slice(0, 12)}), data ${data.hash.slice(0, 12)}`],
    ['intervals', "95 % over puzzles: Wilson's of accuracies, paired ones of gains"],
    ['rollouts', settingsText(recording)],
    [
      'precision',
      `${notes.dtype}; ${numericFloor ? floorText(numericFloor) : NO_FLOOR[facts.guided ? 'guided' : 'independent']}`,
    ],
    [
      'compute',
      `${macsPerStep === null ? 'unknown MACs' : `${macText(macsPerStep * steps)} (${macText(flopsOf(macsPerStep * steps)).replace('MAC', 'FLOP')} as 2·MACs)`} in ${seconds.computing.toFixed(1)} s, seed ${settings.seed}`,
    ],
    ['recording', dir],
  ]
  const ours = listOfTexts(notes.ours)
  if (ours.length > 0) facing.push(['ours', `${ours.join(', ')}: in no paper`])
  if (base && best?.gain)
    facing.unshift(['gain', `${best.select}: ${gainText(best)} points and ${moreText(best, base)} than ${base.select}`])
  for (const [name, text] of facing) write(`${name.padEnd(10)} ${text}`)
}

function gainText({ gain }: RecordingSummaryRow): string {
  const half = halfWidth(gain!)
  return plusMinus(100 * gain!.value, half === null ? null : 100 * half)
}

function moreText(row: RecordingSummaryRow, base: RecordingSummaryRow): string {
  const more = 1000 * (row.seconds - base.seconds)
  return `${rounded(Math.abs(more)).value} ms a puzzle ${more < 0 ? 'less' : 'more'}`
}

/** Returns the settings of rollouts that are not at their defaults, in words. */
export function settingsText({ facts: { settings } }: Pick<RolloutRecording, 'facts'>): string {
  const {
    depth,
    rollouts,
    noise,
    target,
    noiseAt,
    init,
    initStd,
    relabel,
    damping,
    dampingAt,
    dampingAfter,
    leave,
    guide,
  } = settings
  return [
    `D ${depth}, K ${rollouts}`,
    ...(noise > 0
      ? [noiseAt === 'call' ? `σ ${noise} in every network call` : `σ ${noise} on ${target} at every step`]
      : []),
    ...(init === 'random' ? [`random initial latents (std ${initStd})`] : []),
    ...(relabel ? ['relabelled inputs'] : []),
    ...(damping < 1 ? [`damping α ${damping} of every ${dampingAt} after step ${dampingAfter}`] : []),
    ...(guide > 0 ? [`guided particles (β ${guide})`] : []),
    ...(leave === 'never' ? [] : [`a rollout ends once ${leave}`]),
  ].join(', ')
}

function listOfTexts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}
