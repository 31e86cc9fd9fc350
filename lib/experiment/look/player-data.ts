import { encodeBits, encodeCells, encodeShares, encodeTokens } from '../../plot/player/codes.js'
import type { PlayerBoard, PlayerData, PlayerFrame, PlayerMap, PlayerStep } from '../../plot/player/data.js'
import { extentOf, type PuzzleLook } from '../../tasks/look.js'
import type { PosedPuzzle } from '../../tasks/posed.js'
import { lookOf } from '../../tasks/registry.js'
import type { Inside } from '../../think/inside.js'
import type { TokenMap } from '../../think/token-maps.js'

/** A recording with the words around it. */
export interface PlayedRecording {
  readonly title: string
  readonly notes: readonly string[]
  readonly puzzle: PosedPuzzle
  readonly inside: Inside
  readonly mapMeaning: string | null
}

/** Returns a recording in the player's form. */
export function playerData({ title, notes, puzzle, inside, mapMeaning }: PlayedRecording): PlayerData {
  const { latents, start, steps, rollouts, settings } = inside
  const look = lookOf(puzzle.spec)
  const texts = [...new Set(steps[0]!.updates.map(({ text }) => text))]
  const indexed = <V, W>(record: Readonly<Record<string, V>>, map: (value: V) => W): Record<number, W> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [latents.indexOf(name), map(value)]))
  const wrong = (tokens: Uint8Array): string => encodeBits(puzzle.marks(tokens).map((mark) => mark === 'wrong'))
  const frames: PlayerFrame[] = [
    {
      text: -1,
      tokens: indexed(start, encodeTokens),
      wrong: indexed(start, wrong),
      halting: rounded(sigmoid(inside.startQHalt)),
      delta: {},
      point: pointOf(inside.startPoint),
    },
    ...steps.flatMap(({ updates }) =>
      updates.map(
        ({ text, tokens, delta, qHalt, point }): PlayerFrame => ({
          text: texts.indexOf(text),
          tokens: indexed(tokens, encodeTokens),
          wrong: indexed(tokens, wrong),
          halting: rounded(sigmoid(qHalt)),
          delta: indexed(delta, rounded),
          point: pointOf(point),
        }),
      ),
    ),
  ]
  return {
    format: 1,
    title,
    notes,
    board: boardOf(puzzle, look, [puzzle.input, ...steps.map(({ tokens }) => tokens)]),
    looks: Array.from(
      { length: puzzle.spec.vocabSize },
      (_, token) =>
        ([false, true] as const).map((given) => {
          const { label, fill, ink } = look.token(token, given)
          return [label, fill, ink] as const
        }) as unknown as PlayerData['looks'][number],
    ),
    latents,
    texts,
    updates: steps[0]!.updates.length,
    frames,
    steps: steps.map(({ tokens, delta, maps }): PlayerStep => {
      const { solved, words } = puzzle.judge(tokens)
      return {
        delta: latents.map((name) => rounded(delta[name]!)),
        solved,
        verdict: `${solved === null ? 'done' : solved ? 'solved' : 'not solved'}: ${words}`,
        maps: Object.entries(maps).flatMap(([name, each]) => each.map((map) => mapOf(map, latents.indexOf(name)))),
      }
    }),
    rollouts: rollouts.map(({ qHalt, answers, points }) => ({
      halting: Array.from(qHalt, (logit) => rounded(sigmoid(logit))),
      solved: puzzle.judge(answers.at(-1)!).solved,
      points: points.map(pointOf),
    })),
    watched: settings.watched,
    planeShares: inside.planeShares,
    mapMeaning,
    kept: Object.values(steps[0]!.maps)[0]?.[0]?.kept ?? 0,
  }
}

function mapOf({ block, received, sources, shares }: TokenMap, latent: number): PlayerMap {
  const [least, most] = [Math.min(...received), Math.max(...received)]
  return {
    latent,
    block,
    received: encodeShares(received.map((share) => (share - least) / Math.max(1e-12, most - least))),
    range: [rounded(least), rounded(most)],
    sources: encodeCells(sources),
    shares: encodeShares(shares),
  }
}

/** Returns the part of the grid that the puzzle and its answers use. */
function boardOf(puzzle: PosedPuzzle, look: PuzzleLook, all: readonly Uint8Array[]): PlayerBoard {
  const { columns: stride, box, lines, padding, blank } = look
  const empty = padding === null ? [] : [padding]
  const extents =
    padding === null ? [[look.rows, look.columns] as const] : all.map((tokens) => extentOf(look, tokens, empty))
  return {
    rows: Math.max(1, ...extents.map(([rows]) => rows)),
    columns: Math.max(1, ...extents.map(([, columns]) => columns)),
    stride,
    box,
    lines,
    padding,
    given: encodeBits(Array.from(puzzle.input, (token) => blank === null || token !== blank)),
  }
}

function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit))
}

function pointOf([x, y]: readonly [number, number]): readonly [number, number] {
  return [rounded(x), rounded(y)]
}

function rounded(value: number): number {
  return Number(value.toPrecision(4))
}
