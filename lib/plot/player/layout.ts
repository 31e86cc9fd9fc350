import { escapeXml } from '../../escape/xml.js'

/** Left edges of the three columns, and their width. */
export const COLUMNS = [10, 305, 600] as const
export const WIDTH = 270
export const BOARD_TOP = 76
export const CHART_TOP = 416
export const CHART_HEIGHT = 92

/** Returns a line of text as SVG. @param y its baseline */
export function label(x: number, y: number, text: string, ink: string, style = 'font-size="12"'): string {
  return `<text x="${short(x)}" y="${short(y)}" fill="${ink}" ${style}>${escapeXml(text)}</text>`
}

/** Returns a share in percent with two digits. */
export function percent(share: number): string {
  return String(Number((100 * share).toPrecision(2)))
}

/** Returns a coordinate with one decimal. */
export function short(value: number): number {
  return Math.round(value * 10) / 10
}
