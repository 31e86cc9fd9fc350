import path from 'node:path'
import { UserError } from '../errors.js'
import { fileOperations as fs } from '../files/operations.js'
import { projectFolder } from '../files/places.js'
import { draw } from './drawing/engine.js'
import { facesOfSvg, fontCss } from './drawing/fonts.js'
import { stampPdf } from './drawing/pdf.js'
import { stampPng } from './drawing/png.js'
import { settleSvg, stampSvg } from './drawing/svg.js'
import { type Figure, plainFigure } from './figure.js'
import { paperForm, printForm } from './forms.js'
import { captionOf, sourcesOf } from './sources.js'
import { type PrintOptions, printOf } from './venues.js'

/** File formats of a figure. */
export type StaticFormat = 'svg' | 'png' | 'pdf'

/** Options of {@link renderFigure}. */
export interface RenderOptions extends PrintOptions {
  /** Pixels per inch of a PNG, 36 to 1200. Default 300 with a venue or a width, else 192. */
  readonly dpi?: number
  /**
   * Whether an SVG contains its fonts, about 25 kB a face; a PDF always does. Default: with a venue or a width. Without
   * them it is shown in the reader's fonts of the same metrics.
   */
  readonly embedFonts?: boolean
}

/** CSS pixels in an inch. */
const PIXELS = 96

/**
 * Returns a drawing of a figure, made without a screen: SVG as text, PNG and PDF as bytes. With a venue it has the size
 * and the type that the venue's papers have. The same figure and options give the same bytes. The file names its caption,
 * runs, code and data ({@link withSources}), and the program that drew.
 *
 * @example
 * await renderFigure(runs.curves('test.exact'), 'pdf', { venue: 'icml' })
 * @throws UserError if there is nothing to draw with, the figure holds a value that cannot be drawn, or an option is
 * out of range.
 */
export async function renderFigure(figure: Figure, format: 'svg', options?: RenderOptions): Promise<string>
export async function renderFigure(figure: Figure, format: 'png' | 'pdf', options?: RenderOptions): Promise<Uint8Array>
export async function renderFigure(
  figure: Figure,
  format: StaticFormat,
  options?: RenderOptions,
): Promise<string | Uint8Array>
export async function renderFigure(
  figure: Figure,
  format: StaticFormat,
  options: RenderOptions = {},
): Promise<string | Uint8Array> {
  return (await drawFigure(figure, format, options)).content
}

/** Returns a drawing as {@link renderFigure} does, with the name of the program that drew. */
export async function drawFigure(
  figure: Figure,
  format: StaticFormat,
  options: RenderOptions = {},
): Promise<{ readonly content: string | Uint8Array; readonly engine: string }> {
  const print = printOf(options)
  const dpi = checkedDpi(options.dpi ?? (print ? 300 : 192))
  const plain = plainFigure(figure)
  checkSize(plain)
  const { figure: formed, inches } = print ? printForm(plain, print) : sized(paperForm(plain))
  const pixels = { width: Number(formed.layout.width), height: Number(formed.layout.height) }
  const { content: drawn, engine } = await draw({ figure: withUids(formed), format, pixels, inches, dpi })
  const by = `${engine}, plotly.js ${plotlyVersion()}`
  const caption = captionOf(plain)
  const sources = sourcesOf(plain)
  if (typeof drawn === 'string') {
    const settled = settleSvg(drawn, formed)
    const css = (options.embedFonts ?? print !== null) ? fontCss(facesOfSvg(settled)) : ''
    const metadata = { creator: 'Recurlab', drawnBy: by, ...sources }
    return {
      content: stampSvg(settled, { description: caption, metadata, css, inches: print ? inches : null }),
      engine,
    }
  }
  const keywords = Object.entries(sources).map(
    ([key, values]: [string, readonly string[]]) => `${key}: ${values.join(', ')}`,
  )
  const content =
    format === 'pdf'
      ? stampPdf(drawn, inches, {
          ...(caption === '' ? {} : { Subject: caption }),
          ...(keywords.length === 0 ? {} : { Keywords: keywords.join('; ') }),
          Creator: 'Recurlab',
          Producer: by,
        })
      : stampPng(drawn, dpi, {
          ...(caption === '' ? {} : { Description: caption }),
          ...(keywords.length === 0 ? {} : { Source: keywords.join('; ') }),
          Software: `Recurlab; ${by}`,
        })
  return { content, engine }
}

/** Most lines, and most points of all lines together, that the browser draws within its time limit. */
const [MOST_LINES, MOST_POINTS] = [10_000, 1_000_000]

/** @throws UserError for a figure that would keep the browser busy for minutes. */
function checkSize({ data }: Figure): void {
  const fail = (expected: string, found: number): UserError =>
    new UserError({
      where: 'figure',
      expected: `at most ${expected}`,
      found: found.toLocaleString('en-US'),
      todo: 'Draw a part of them, a mean, or a histogram.',
    })
  if (data.length > MOST_LINES) throw fail('10,000 lines', data.length)
  const points = data.reduce((sum, trace) => sum + sizeOf(trace.y ?? trace.z ?? trace.x), 0)
  if (points > MOST_POINTS) throw fail('1,000,000 points', points)
}

/** Returns the number of values in a list, or in a list of lists. */
function sizeOf(values: unknown): number {
  if (!Array.isArray(values)) return ArrayBuffer.isView(values) ? (values as Uint8Array).length : 0
  return values.reduce<number>(
    (sum, value) => sum + (Array.isArray(value) || ArrayBuffer.isView(value) ? sizeOf(value) : 1),
    0,
  )
}

function sized(figure: Figure): { readonly figure: Figure; readonly inches: { width: number; height: number } } {
  const [width, height] = [Number(figure.layout.width) / PIXELS, Number(figure.layout.height) / PIXELS]
  return { figure, inches: { width, height } }
}

function checkedDpi(dpi: number): number {
  if (!(dpi >= 36 && dpi <= 1200))
    throw new UserError({ where: 'dpi', expected: '36 to 1200 pixels per inch', found: String(dpi) })
  return dpi
}

/** Names every trace; plotly.js otherwise gives it a random name. */
function withUids(figure: Figure): Figure {
  return { ...figure, data: figure.data.map((trace, i) => ({ uid: `t${i}`, ...trace })) }
}

function plotlyVersion(): string {
  const file = path.join(projectFolder, 'node_modules', 'plotly.js', 'package.json')
  return String((JSON.parse(fs.readFileSync(file, 'utf8')) as { version: unknown }).version)
}
