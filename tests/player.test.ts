import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Script } from 'node:vm'
import { animatedSvg } from '../lib/plot/player/animated.js'
import {
  bitAt,
  cellNumberAt,
  decodeTokens,
  encodeBits,
  encodeCells,
  encodeShares,
  encodeTokens,
  shareAt,
} from '../lib/plot/player/codes.js'
import type { PlayerData, PlayerPosition } from '../lib/plot/player/data.js'
import { cellsAt, describeFrame, frameSvg, mapCellAt } from '../lib/plot/player/frame.js'
import { playerHtml, playerPage, withPlayerScript } from '../lib/plot/player/page.js'
import { playerScript } from '../lib/plot/player/script.js'

/** Two cells, two steps of two updates: z changes a cell, then y; the second step changes nothing. */
const data: PlayerData = {
  format: 1,
  title: 'two cells <&>',
  notes: [],
  board: {
    rows: 1,
    columns: 2,
    stride: 2,
    box: null,
    lines: '#DDDDDD',
    padding: null,
    given: encodeBits([true, false]),
  },
  looks: ['', 'a', 'b'].map((label) => [
    [label, '#FFFFFF', '#0072B2'],
    [label, '#FFFFFF', '#222222'],
  ]),
  latents: ['y', 'z'],
  texts: ['z ← net(z + y + x)', 'y ← net(y + z)'],
  updates: 2,
  frames: [
    {
      text: -1,
      tokens: { 0: encodeTokens([1, 1]), 1: encodeTokens([1, 1]) },
      wrong: { 0: encodeBits([false, true]), 1: '' },
      halting: 0.1,
      delta: {},
      point: [0, 0],
    },
    { text: 0, tokens: { 1: encodeTokens([1, 2]) }, wrong: { 1: '' }, halting: 0.1, delta: { 1: 0.5 }, point: [1, 0] },
    { text: 1, tokens: { 0: encodeTokens([1, 2]) }, wrong: { 0: '' }, halting: 0.9, delta: { 0: 0.25 }, point: [1, 1] },
    { text: 0, tokens: { 1: encodeTokens([1, 2]) }, wrong: { 1: '' }, halting: 0.9, delta: { 1: 0 }, point: [1, 1] },
    { text: 1, tokens: { 0: encodeTokens([1, 2]) }, wrong: { 0: '' }, halting: 0.95, delta: { 0: 0 }, point: [1, 1] },
  ],
  steps: [0, 1].map(() => ({
    delta: [0.25, 0.5],
    solved: true,
    verdict: 'solved: right',
    maps: [
      {
        latent: 0,
        block: 0,
        received: encodeShares([0, 1]),
        range: [0.2, 0.7],
        sources: encodeCells([1, 0]),
        shares: encodeShares([0.9, 0.8]),
      },
    ],
  })),
  rollouts: [
    {
      halting: [0.9, 0.95],
      solved: true,
      points: [
        [0, 0],
        [1, 1],
        [1, 1],
      ],
    },
    {
      halting: [0.2, 0.3],
      solved: false,
      points: [
        [0, 0],
        [-1, 1],
        [-2, 1],
      ],
    },
  ],
  watched: 0,
  planeShares: [0.75, 0.25],
  mapMeaning: 'attention: mean over the heads',
  kept: 1,
}
const start: PlayerPosition = { frame: 0, by: 'step', latent: 1, map: 0, cell: -1 }

test('tokens, bits, shares and cells are read as they were written', () => {
  const tokens = Array.from({ length: 256 }, (_, i) => i)
  assert.deepEqual(decodeTokens(JSON.parse(JSON.stringify(encodeTokens(tokens)))), tokens)
  const bits = Array.from({ length: 40 }, (_, i) => i % 3 === 0)
  assert.deepEqual(
    bits.map((_, i) => bitAt(encodeBits(bits), i)),
    bits,
  )
  assert.equal(bitAt('', 3), false)
  const cells = [0, 63, 64, 899, 4095]
  assert.deepEqual(
    cells.map((_, i) => cellNumberAt(encodeCells(cells), i)),
    cells,
  )
  for (const share of [0, 0.25, 1]) assert.ok(Math.abs(shareAt(encodeShares([share]), 0) - share) < 1 / 126 + 1e-9)
})

test('a cell is marked as changed against the previous step or the previous update, and a wrong one as wrong', () => {
  assert.deepEqual(cellsAt(data, start, 0).marks, ['none', 'wrong'])
  assert.deepEqual(cellsAt(data, { ...start, frame: 2 }, 0).marks, ['none', 'changed'])
  assert.deepEqual(cellsAt(data, { ...start, frame: 4 }, 0).marks, ['none', 'none'])
  const at = { ...start, by: 'update' } as const
  assert.deepEqual(cellsAt(data, { ...at, frame: 1 }, 1).marks, ['none', 'changed'])
  // The update of y does not change z, which keeps the answer it had.
  assert.deepEqual(cellsAt(data, { ...at, frame: 2 }, 1), {
    ...cellsAt(data, { ...at, frame: 1 }, 1),
    marks: ['none', 'none'],
    changed: 0,
  })
})

test('a frame is described by its step, update, counts, halting probability and verdict', () => {
  assert.equal(describeFrame(data, start), 'Start · answer: 1 cell wrong · halting probability 0.100')
  assert.equal(
    describeFrame(data, { ...start, frame: 2, by: 'update' }),
    'Supervision step 1 of 2, update 2 of 2: y ← net(y + z) · answer: 1 cell changed, 0 cells wrong · halting probability 0.900 · solved: right',
  )
})

test('a click in the map finds its cell, and a click beside it none', () => {
  assert.equal(mapCellAt(data, 605, 80), 0)
  assert.equal(mapCellAt(data, 605 + 64, 80), 1)
  assert.equal(mapCellAt(data, 300, 80), -1)
})

test('a frame is one SVG without scripts or sources, with its text escaped', () => {
  for (const by of ['step', 'update'] as const)
    for (const cell of [-1, 1])
      for (let frame = 0; frame < 5; frame++) {
        const svg = frameSvg(data, { ...start, by, frame, cell }, 'currentColor')
        assert.match(svg, /^<svg [\s\S]*two cells &#60;&#38;&#62;[\s\S]*<\/svg>$/)
        assert.doesNotMatch(svg, /<script|NaN|undefined|Infinity|href|url\(/)
        const opened = svg.match(/<[a-z]+(?=[ >])[^>]*[^/]>/g)!.length
        assert.equal(opened, svg.match(/<\/[a-z]+>/g)!.length)
      }
})

test('the player without a script shows the last step and every step in small, and carries the recording', () => {
  const html = playerHtml(data)
  const images = [...html.matchAll(/<img alt="([^"]*)" src="data:image\/svg\+xml;base64,([^"]*)"/g)]
  assert.equal(images.length, 3)
  assert.match(images[0]![1]!, /^two cells &#60;&#38;&#62;\. Supervision step 2 of 2/)
  const still = Buffer.from(images[0]![2]!, 'base64').toString()
  const json = /<metadata>([^<]*)<\/metadata>/.exec(still)![1]!
  const unescaped = json.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)))
  assert.deepEqual(JSON.parse(unescaped), JSON.parse(JSON.stringify(data)))
})

test('the script of the player is valid, and the policy of a page allows that script alone by its hash', () => {
  const script = playerScript()
  new Script(script)
  assert.doesNotMatch(script, /\bimport\b|<\/script|fetch\(|https?:\/\/(?!www\.w3\.org)/)
  const page = playerPage(data)
  const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page)!
  const hash = createHash('sha256').update(script).digest('base64')
  assert.match(policy!, /^default-src 'none'; script-src 'sha256-[^']+'; img-src data:;/)
  assert.ok(policy!.includes(hash))
  assert.equal(page.split('<script>').length, 2)
  assert.ok(page.includes(`<script>${script}</script>`))
  const other = '<html><body>no player</body></html>'
  assert.equal(withPlayerScript(other), other)
})

test('an animated SVG shows one frame after the other without a script, and the last one where nothing moves', () => {
  const svg = animatedSvg(data, { seconds: 1 })
  assert.equal(svg.match(/<animate /g)!.length, 3)
  assert.equal(svg.match(/<g visibility="visible">/g)!.length, 1)
  // Two seconds for the first two, three for the last.
  assert.equal(svg.match(/dur="5s"/g)!.length, 3)
  assert.match(svg, /values="hidden;visible" keyTimes="0;0.4"/)
  assert.doesNotMatch(svg, /<script/)
  assert.equal(animatedSvg(data, { by: 'update' }).match(/<animate /g)!.length, 5)
})
