import path from 'node:path'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'

/** Fonts of figures: Tinos has the metrics of Times New Roman, Arimo those of Arial and Helvetica. */
export type FontFamily = 'Tinos' | 'Arimo'

const FAMILIES: readonly FontFamily[] = ['Tinos', 'Arimo']

/** Parts of a font that are files of their own; the first has ASCII, Western Europe and the minus sign. */
const SUBSETS = ['latin', 'latin-ext', 'greek', 'cyrillic'] as const

/** One file of a font. */
export interface Face {
  readonly family: FontFamily
  readonly weight: 400 | 700
  readonly style: 'normal' | 'italic'
  /** CSS `unicode-range`, e.g. `U+0000-00FF,U+0131`. */
  readonly range: string
  readonly file: string
}

/** Returns the font families for CSS and plotly: ours, then those with the same metrics. */
export function familyList(family: FontFamily): string {
  return family === 'Tinos'
    ? 'Tinos, "Times New Roman", "Liberation Serif", Times, serif'
    : 'Arimo, Helvetica, Arial, "Liberation Sans", sans-serif'
}

/** Returns all faces of the fonts, from the packages @fontsource/tinos and @fontsource/arimo. */
export function allFaces(): Face[] {
  return FAMILIES.flatMap((family) => {
    const folder = path.join(projectFolder, 'node_modules', '@fontsource', family.toLowerCase())
    const ranges = JSON.parse(fs.readFileSync(path.join(folder, 'unicode.json'), 'utf8')) as Record<string, string>
    return SUBSETS.flatMap((subset) =>
      ([400, 700] as const).flatMap((weight) =>
        (['normal', 'italic'] as const).map(
          (style): Face => ({
            family,
            weight,
            style,
            range: ranges[subset] ?? '',
            file: path.join(folder, 'files', `${family.toLowerCase()}-${subset}-${weight}-${style}.woff2`),
          }),
        ),
      ),
    )
  })
}

/** Returns `@font-face` rules that contain the files of the faces. */
export function fontCss(faces: readonly Face[]): string {
  return faces
    .map(({ family, weight, style, range, file }) => {
      const data = fs.readFileSync(file).toString('base64')
      return `@font-face{font-family:${family};font-weight:${weight};font-style:${style};unicode-range:${range};src:url(data:font/woff2;base64,${data}) format("woff2")}`
    })
    .join('\n')
}

/** Returns the faces that the text of an SVG needs: those of its families, weights and characters. */
export function facesOfSvg(svg: string): Face[] {
  const bold = /font-weight:\s*(bold|[6-9]00)/.test(svg)
  const italic = /font-style:\s*italic/.test(svg)
  const text = svg
    .replace(/<style[\s\S]*?<\/style>|<[^>]*>/g, ' ')
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
  const codes = [...new Set(text)].map((character) => character.codePointAt(0)!)
  const faces = allFaces().filter(({ family }) => new RegExp(`font-family:[^;]*\\b${family}\\b`).test(svg))
  return faces.filter(
    ({ weight, style, range }) =>
      (weight === 400 || bold) && (style === 'normal' || italic) && codes.some((code) => inRange(code, range)),
  )
}

function inRange(code: number, range: string): boolean {
  return range.split(',').some((part) => {
    const [first = '', last = first] = part.trim().replace(/^U\+/i, '').split('-')
    return code >= Number.parseInt(first, 16) && code <= Number.parseInt(last, 16)
  })
}
