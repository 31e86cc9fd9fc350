import type { Figure } from './figure.js'

/** Returns two figures side by side, each with its own axes, with the legend of the left one. */
export function beside(left: Figure, right: Figure): Figure {
  const axis = (figure: Figure, name: string): object => (figure.layout[name] ?? {}) as object
  return {
    data: [...left.data, ...right.data.map((trace) => ({ ...trace, xaxis: 'x2', yaxis: 'y2', showlegend: false }))],
    layout: {
      ...left.layout,
      xaxis: { ...axis(left, 'xaxis'), domain: [0, 0.43] },
      xaxis2: { ...axis(right, 'xaxis'), domain: [0.57, 1], anchor: 'y2' },
      yaxis2: { ...axis(right, 'yaxis'), anchor: 'x2' },
    },
  }
}
