import type { PlayerData, PlayerPosition } from './data.js'
import { CHART_HEIGHT, CHART_TOP, COLUMNS, label, percent, short, WIDTH } from './layout.js'

/** Colours of the latents' lines, distinct for every kind of colour blindness and visible on white and on black. */
const LATENT_COLORS = ['#3A8FC8', '#D55E00', '#009E73', '#CC79A7', '#C88A00', '#7A7FD6'] as const
const DASHES = ['', '5 3', '2 2', '7 2 2 2', '1 3', '9 3'] as const

/** Frames that a chart has points for. */
function chartFrames({ frames, updates }: PlayerData, by: PlayerPosition['by']): number[] {
  const all = frames.map((_, i) => i)
  return by === 'step' ? all.filter((i) => i % updates === 0) : all
}

/** Returns the chart of the halting probability over the frames, of all rollouts. */
export function haltingChart(data: PlayerData, at: PlayerPosition, ink: string): string {
  const [x, y] = [xScale(data, 0), (value: number): number => CHART_TOP + CHART_HEIGHT * (1 - value)]
  const others = data.rollouts.filter((_, i) => i !== data.watched)
  const lines = others.map(({ halting }) =>
    line(
      halting.map((value, i) => [x((i + 1) * data.updates), y(value)]),
      ink,
      'stroke-width="1" stroke-opacity="0.35"',
    ),
  )
  const own = chartFrames(data, at.by).map((i): Point => [x(i), y(data.frames[i]!.halting)])
  return [
    axes(data, at, 0, `halting probability${others.length > 0 ? ', all rollouts' : ''}`, ink, [
      [y(0), '0'],
      [y(0.5), '.5'],
      [y(1), '1'],
    ]),
    ...lines,
    line(own, LATENT_COLORS[0], 'stroke-width="2"'),
    dot(x(at.frame), y(data.frames[at.frame]!.halting), LATENT_COLORS[0]),
  ].join('')
}

/** Returns the chart of ‖Δ‖ of each latent over the frames, on a logarithmic axis. */
export function deltaChart(data: PlayerData, at: PlayerPosition, ink: string): string {
  const { frames, steps, latents, updates } = data
  const series = latents.map((_, latent): (readonly [frame: number, delta: number])[] =>
    at.by === 'step'
      ? steps.map(({ delta }, i) => [(i + 1) * updates, delta[latent]!] as const)
      : frames.flatMap(({ delta }, i) => (delta[latent] === undefined ? [] : [[i, delta[latent]!] as const])),
  )
  const values = series.flat().flatMap(([, delta]) => (delta > 0 ? [Math.log10(delta)] : []))
  const low = Math.floor(Math.min(0, ...values))
  const high = Math.max(low + 1, Math.ceil(Math.max(-1, ...values)))
  const x = xScale(data, 1)
  const y = (delta: number): number =>
    CHART_TOP + (CHART_HEIGHT * (high - Math.max(low, Math.log10(Math.max(delta, 10 ** low))))) / (high - low)
  const every = Math.ceil((high - low) / 4)
  const ticks = Array.from({ length: high - low + 1 }, (_, i) => low + i)
    .filter((power) => (power - low) % every === 0)
    .map((power): readonly [number, string] => [y(10 ** power), power >= -2 ? String(10 ** power) : `1e${power}`])
  const shown = series.slice(0, LATENT_COLORS.length)
  const keys = shown.map((_, latent) => {
    const left = COLUMNS[1] + 128 + latent * 34
    return [
      line(
        [
          [left, CHART_TOP - 14],
          [left + 14, CHART_TOP - 14],
        ],
        LATENT_COLORS[latent]!,
        `stroke-width="2" stroke-dasharray="${DASHES[latent]}"`,
      ),
      label(left + 17, CHART_TOP - 10, latents[latent]!, ink, 'font-size="11"'),
    ].join('')
  })
  return [
    axes(data, at, 1, `‖Δ‖ of ${at.by === 'step' ? 'a step' : 'an update'}`, ink, ticks),
    ...keys,
    ...shown.map((points, latent) =>
      line(
        points.map(([frame, delta]) => [x(frame), y(delta)]),
        LATENT_COLORS[latent]!,
        `stroke-width="2" stroke-dasharray="${DASHES[latent]}"`,
      ),
    ),
  ].join('')
}

/** Returns the trajectories of all rollouts in the plane of two principal components. */
export function planeChart(data: PlayerData, at: PlayerPosition, ink: string): string {
  const { frames, rollouts, watched, planeShares } = data
  const shown = chartFrames(data, at.by)
  const own = shown.map((i) => frames[i]!.point)
  const others = rollouts.filter((_, i) => i !== watched)
  const all = [...own, ...others.flatMap(({ points }) => points)]
  const [left, top, width, height] = [COLUMNS[2], CHART_TOP, WIDTH, CHART_HEIGHT + 8]
  const low = [0, 1].map((axis) => Math.min(...all.map((point) => point[axis]!)))
  const high = [0, 1].map((axis) => Math.max(...all.map((point) => point[axis]!)))
  // One unit is as long on both axes.
  const unit = Math.min(
    (width - 16) / Math.max(1e-9, high[0]! - low[0]!),
    (height - 16) / Math.max(1e-9, high[1]! - low[1]!),
  )
  const place = ([a, b]: readonly [number, number]): Point => [
    left + width / 2 + (a - (low[0]! + high[0]!) / 2) * unit,
    top + height / 2 - (b - (low[1]! + high[1]!) / 2) * unit,
  ]
  const now = shown.findLastIndex((i) => i <= at.frame)
  const [startX, startY] = place(own[0]!)
  const [x, y] = place(own[Math.max(0, now)]!)
  const ends = others.map(({ points, solved }) => {
    const [endX, endY] = place(points.at(-1)!)
    return `<circle cx="${short(endX)}" cy="${short(endY)}" r="3" stroke="${ink}" fill="${solved === true ? ink : 'none'}"/>`
  })
  const name = `latents: PC 1 (${percent(planeShares[0])} %), PC 2 (${percent(planeShares[1])} %)`
  return [
    label(left, top - 10, name, ink, 'font-size="11"'),
    `<rect x="${left}" y="${top}" width="${width}" height="${height}" fill="none" stroke="${ink}" stroke-opacity="0.4"/>`,
    ...others.map(({ points }) => line(points.map(place), ink, 'stroke-width="1" stroke-opacity="0.35"')),
    ...ends,
    line(own.map(place), LATENT_COLORS[0], 'stroke-width="1.5" stroke-opacity="0.35"'),
    line(own.slice(0, now + 1).map(place), LATENT_COLORS[0], 'stroke-width="2"'),
    `<rect x="${short(startX - 3)}" y="${short(startY - 3)}" width="6" height="6" fill="none" stroke="${LATENT_COLORS[0]}"/>`,
    dot(x, y, LATENT_COLORS[0]),
    label(
      left,
      top + height + 13,
      others.length > 0 ? '□ start, ● now; other rollouts end ● right, ○ not' : '□ start, ● now',
      ink,
      'font-size="11"',
    ),
  ].join('')
}

type Point = readonly [number, number]

/** Left edge of a chart's area, after the numbers of its axis. */
const AXIS = 30

function xScale({ frames }: PlayerData, column: 0 | 1): (frame: number) => number {
  return (frame) => COLUMNS[column] + AXIS + ((WIDTH - AXIS) * frame) / Math.max(1, frames.length - 1)
}

function axes(
  data: PlayerData,
  at: PlayerPosition,
  column: 0 | 1,
  title: string,
  ink: string,
  ticks: readonly (readonly [y: number, text: string])[],
): string {
  const x = xScale(data, column)
  const left = COLUMNS[column] + AXIS
  const bottom = CHART_TOP + CHART_HEIGHT
  const count = data.steps.length
  const every = Math.max(1, Math.ceil(count / 8))
  const marks = Array.from({ length: count + 1 }, (_, step) => step).filter((step) => step % every === 0)
  return [
    label(COLUMNS[column], CHART_TOP - 10, title, ink, 'font-size="11"'),
    ...ticks.map(
      ([y, text]) =>
        `<path stroke="${ink}" stroke-opacity="0.2" d="M${left} ${short(y)}h${WIDTH - AXIS}"/>${label(left - 4, y + 4, text, ink, 'font-size="11" text-anchor="end"')}`,
    ),
    ...marks.map((step) =>
      label(x(step * data.updates), bottom + 14, String(step), ink, 'font-size="11" text-anchor="middle"'),
    ),
    `<path stroke="${ink}" stroke-opacity="0.6" stroke-dasharray="2 3" d="M${short(x(at.frame))} ${CHART_TOP}v${CHART_HEIGHT}"/>`,
  ].join('')
}

function line(points: readonly Point[], color: string, style: string): string {
  if (points.length === 0) return ''
  return `<path fill="none" stroke="${color}" ${style} d="M${points.map(([x, y]) => `${short(x)} ${short(y)}`).join('L')}"/>`
}

function dot(x: number, y: number, color: string): string {
  return `<circle cx="${short(x)}" cy="${short(y)}" r="4" fill="${color}"/>`
}
