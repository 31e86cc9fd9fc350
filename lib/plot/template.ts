/**
 * Okabe and Ito's palette, which people with any kind of colour blindness can tell apart
 * (Okabe & Ito, "Color Universal Design", 2008), the yellow last because it is faint on white.
 */
export const palette = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#F0E442'] as const

/** Grey of what others reported, so that it never looks like a measurement of ours. */
export const reportedColor = '#8C8C8C'

/** The palette's i-th colour; it starts again after the last. */
export function colorOf(i: number): string {
  return palette[i % palette.length]!
}

/** A colour of the form `#RRGGBB` with an opacity in [0, 1]. */
export function withOpacity(color: string, opacity: number): string {
  const [r, g, b] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
  return `rgba(${r}, ${g}, ${b}, ${opacity})`
}

const axis = {
  showline: true,
  linecolor: '#444444',
  ticks: 'outside',
  tickcolor: '#444444',
  gridcolor: '#E6E6E6',
  zeroline: false,
  automargin: true,
  title: { standoff: 10 },
}

/** Pixels around the plot. */
export const houseMargin = { l: 70, r: 24, t: 76, b: 60 } as const

/** The plotly template of every figure. */
export const houseTemplate = {
  layout: {
    font: { family: 'Helvetica, Arial, "Liberation Sans", sans-serif', size: 13, color: '#222222' },
    title: { x: 0.02, xanchor: 'left', y: 0.97, yanchor: 'top', font: { size: 16 } },
    colorway: [...palette],
    paper_bgcolor: '#FFFFFF',
    plot_bgcolor: '#FFFFFF',
    margin: houseMargin,
    legend: { orientation: 'h', x: 0, xanchor: 'left', y: 1.02, yanchor: 'bottom' },
    hovermode: 'closest',
    xaxis: axis,
    yaxis: axis,
  },
} as const
