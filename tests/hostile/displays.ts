import { notedTable } from '../../lib/experiment/think/noted-table.js'
import type { Content } from '../../lib/notebook/host.js'
import { progressBundle } from '../../lib/notebook/progress-forms.js'
import { tableData } from '../../lib/notebook/table.js'
import { tableHtml } from '../../lib/notebook/table-html.js'
import { labelState } from '../../lib/notebook/widgets/label.js'
import type { ModelTree } from '../../lib/notebook/widgets/model.js'
import { widgetHtml } from '../../lib/notebook/widgets/picture.js'
import { bars } from '../../lib/plot/bars.js'
import { binned } from '../../lib/plot/binned.js'
import { confusion } from '../../lib/plot/confusion.js'
import { curves } from '../../lib/plot/curves.js'
import type { Figure } from '../../lib/plot/figure.js'
import { heatmap } from '../../lib/plot/heatmap.js'
import { lineFigure } from '../../lib/plot/line.js'
import { paired } from '../../lib/plot/paired.js'
import { parallel } from '../../lib/plot/parallel.js'
import { encodeBits, encodeCells, encodeShares, encodeTokens } from '../../lib/plot/player/codes.js'
import type { PlayerData } from '../../lib/plot/player/data.js'
import { points } from '../../lib/plot/points.js'
import type { Board } from '../../lib/plot/puzzle-board.js'
import { boardsSvg } from '../../lib/plot/puzzle-svg.js'
import { withSources } from '../../lib/plot/sources.js'
import { estimate } from '../../lib/statistics/estimate.js'

/** Displays of a notebook with a text in every place that data can fill. */
export function displays(text: string): string {
  const rows = [
    { [text]: text, number: 1, list: [text], object: { [text]: text } },
    { [text]: `a ${text}`, number: 2, list: [], object: {} },
  ]
  const noted = notedTable([{ name: text, value: 1 }], [text])['text/html']
  const progress = progressBundle([text, `${text} · 1/2 steps`])['text/html']
  return [tableHtml(tableData(rows)), String(noted), String(progress), ...widgets(text)].join('\n')
}

/** Pictures of widgets with a text as label, value and choice, also as a notebook of somebody else stores them. */
function widgets(text: string): string[] {
  const leaf = (name: string, state: Content): ModelTree => ({ name: `${name}Model`, state, children: [] })
  const made = [
    leaf('Dropdown', { ...labelState(text, text), _options_labels: [text], index: 0 }),
    leaf('Text', { ...labelState(text, ''), value: text }),
    leaf('Button', { description: text }),
    leaf('Label', { value: text }),
    leaf('Checkbox', { description: text, description_allow_html: true, value: true }),
    leaf('IntSlider', { ...labelState(text, 'x'), value: 3, readout_format: text }),
    leaf('FloatProgress', { description: text, value: 1, max: 2, bar_style: text }),
    leaf(text, { description: text }),
  ]
  return [...made, { name: 'VBoxModel', state: {}, children: made }].map(widgetHtml)
}

/** A picture of puzzles whose titles and symbols are a text. */
export function puzzleSvg(text: string): string {
  const token = { symbol: text, label: text, fill: '#FFFFFF', ink: '#222222' }
  const look = {
    rows: 1,
    columns: 2,
    box: null,
    gap: '',
    lines: '#DDDDDD',
    padding: null,
    blank: null,
    token: () => token,
  }
  const cells = (['wrong', 'changed'] as const).map((mark) => ({ ...token, mark }))
  const board: Board = { title: text, look, rows: 1, columns: 2, cells }
  return boardsSvg([board, board], { title: text })
}

/** Figures of every kind with a text as title, axis, legend and label. */
export function figures(text: string): Figure[] {
  const [a, b] = [text, `${text} b`]
  const options = { title: text, x: text, y: text }
  const three = estimate([1, 2, 3])
  return [
    bars(
      [
        { name: a, values: [1, 2], reported: { value: 2, source: text } },
        { name: b, values: [2, 3] },
      ],
      { ...options, measured: text, reported: text },
    ),
    curves(
      [
        { name: a, seed: 0, x: [1, 2], y: [1, 2] },
        { name: b, seed: 0, x: [1, 2], y: [2, 1] },
      ],
      { ...options, names: { [a]: text } },
    ),
    lineFigure([{ name: a, x: [1, 2], y: [1, 2], hover: [text, text] }], options),
    points(
      [
        { name: a, points: [{ x: 1, y: 1 }] },
        { name: b, points: [{ x: 2, y: 2 }] },
      ],
      options,
    ),
    heatmap({ rows: [a, b], columns: [a], values: [[1], [2]], texts: [[text], [text]] }, { ...options, colors: text }),
    confusion(
      {
        tokens: [a, b],
        counts: [
          [3, 1],
          [1, 3],
        ],
      },
      options,
    ),
    binned([a, b], [{ name: text, estimates: [three, three] }], options),
    paired(
      [
        { seed: 0, a: 1, b: 2 },
        { seed: 1, a: 2, b: 1 },
      ],
      [a, b],
      { title: text, y: text, unit: text },
    ),
    parallel(
      [
        { name: a, values: [text, 'y'] },
        { name: b, values: [1, 2] },
      ],
      { title: text, labels: [text, 'l'] },
    ),
  ].map((figure) => withSources(figure, { runs: [text], data: [text], code: [text], reported: [text], bands: [text] }))
}

/** A recording of a puzzle of two cells whose every text is the given one. */
export function recording(text: string): PlayerData {
  const tokens = { 0: encodeTokens([1, 0]), 1: encodeTokens([0, 1]) }
  const looks = [text, 'b'].map(
    (label) =>
      [
        [label, '#FFFFFF', '#0072B2'],
        [label, '#FFFFFF', '#222222'],
      ] as const,
  )
  const frame = {
    wrong: { 0: encodeBits([true, false]), 1: '' },
    halting: 0.5,
    delta: { 0: 1, 1: 2 },
    point: [0, 1] as const,
  }
  const map = {
    latent: 0,
    block: 0,
    received: encodeShares([0, 1]),
    range: [0, 1] as const,
    sources: encodeCells([1, 0]),
    shares: encodeShares([1, 1]),
  }
  return {
    format: 1,
    title: text,
    settings: text,
    notes: [text],
    board: {
      rows: 1,
      columns: 2,
      stride: 2,
      box: null,
      lines: '#DDDDDD',
      padding: null,
      given: encodeBits([true, false]),
    },
    looks,
    latents: [text, `${text} z`],
    texts: [text],
    updates: 1,
    frames: [
      { text: -1, tokens, ...frame },
      { text: 0, tokens, ...frame, delta: { 0: 1, 1: 1 } },
    ],
    steps: [{ delta: [1, 2], solved: true, verdict: text, maps: [map] }],
    rollouts: [
      {
        halting: [0.5],
        solved: true,
        points: [
          [0, 1],
          [1, 1],
        ],
      },
    ],
    watched: 0,
    planeShares: [0.5, 0.5],
    mapMeaning: text,
    kept: 1,
  }
}
