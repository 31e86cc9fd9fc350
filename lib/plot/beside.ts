import type { Figure } from './figure.js'
import { type CaptionedFigure, sourcesOf, withSources } from './sources.js'

/** Returns two figures side by side, each with its own axes, with the legend of the left one and the sources of both. */
export function beside(left: Figure, right: Figure): CaptionedFigure {
  const axis = (figure: Figure, name: string): object => (figure.layout[name] ?? {}) as object
  const both = {
    data: [...left.data, ...right.data.map((trace) => ({ ...trace, xaxis: 'x2', yaxis: 'y2', showlegend: false }))],
    layout: {
      ...left.layout,
      xaxis: { ...axis(left, 'xaxis'), domain: [0, 0.43] },
      xaxis2: { ...axis(right, 'xaxis'), domain: [0.57, 1], anchor: 'y2' },
      yaxis2: { ...axis(right, 'yaxis'), anchor: 'x2' },
    },
  }
  return withSources(both, sourcesOf(right))
}
