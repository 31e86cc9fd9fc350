import path from 'node:path'
import { UserError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { projectFolder } from '../files/places.js'
import type { Figure } from '../plot/figure.js'
import { Picture, pictureFigure } from '../plot/picture.js'
import { onWhite } from '../plot/puzzle-svg.js'
import { type RenderOptions, renderFigure, type StaticFormat } from '../plot/static.js'
import { type Exportable, writeTable } from '../results/export.js'

/**
 * Returns the folder for a notebook's files: beside its executed copy (`recurlab run` sets it), else `results/notebooks`.
 */
function outputsFolder(): string {
  return process.env.RECURLAB_NOTEBOOK_OUT || path.join(projectFolder, 'results', 'notebooks')
}

/**
 * Saves a figure, or a picture of puzzles, for a paper. Files contain their fonts.
 *
 * @param name file name, or an absolute path, whose extension sets the format: `.svg`, `.pdf` or `.png`
 * @param options venue, column, size and resolution, e.g. `{ venue: 'icml', column: 'double' }`; a picture of puzzles
 * saved as SVG has its own size
 * @returns the file's path, relative to the project folder if inside it
 * @throws UserError for another extension or a wrong option, or if the figure cannot be drawn or written.
 */
export async function saveFigure(figure: Figure | Picture, name: string, options: RenderOptions = {}): Promise<string> {
  const format = path.extname(name).slice(1)
  if (!isStaticFormat(format))
    throw new UserError({ where: name, expected: 'a name that ends in .svg, .pdf or .png', found: `.${format}` })
  const { file, shown } = outputPath(name)
  writeFileAtomic(file, await drawn(figure, format, { embedFonts: true, ...options }))
  return shown
}

/** Draws a figure; a picture is already SVG, which needs no plotting library. */
async function drawn(
  figure: Figure | Picture,
  format: StaticFormat,
  options: RenderOptions,
): Promise<string | Uint8Array> {
  if (!(figure instanceof Picture)) return renderFigure(figure, format, options)
  return format === 'svg' ? onWhite(figure.svg) : renderFigure(pictureFigure(figure), format, options)
}

/**
 * Saves a table as Arrow, which pyarrow and arquero read, or as CSV. 64-bit integers keep all digits and dates stay dates;
 * see {@link writeTable}.
 *
 * @param name file name, or an absolute path, whose extension sets the format: `.arrow` or `.csv`
 * @returns the file's path, relative to the project folder if inside it
 * @throws UserError for another extension, or if it cannot be written.
 */
export function saveTable(table: Exportable, name: string): string {
  const { file, shown } = outputPath(name)
  writeTable(table, file)
  return shown
}

/**
 * Saves a text, e.g. the file to submit of an evaluation whose versions vote: `evaluation.votes.submission`.
 *
 * @param name file name, or an absolute path
 * @returns the file's path, relative to the project folder if inside it
 * @throws UserError if it cannot be written.
 */
export function saveText(text: string, name: string): string {
  const { file, shown } = outputPath(name)
  writeFileAtomic(file, text)
  return shown
}

/**
 * Returns where a notebook's file of a name is written, and the path to print.
 *
 * @throws UserError for a name that leads out of the folder of outputs without being an absolute path.
 */
export function outputPath(name: string): { readonly file: string; readonly shown: string } {
  const file = path.resolve(outputsFolder(), name)
  const inside = path.relative(outputsFolder(), file)
  if (name === '' || (!path.isAbsolute(name) && (inside === '' || inside === '..' || inside.startsWith('../'))))
    throw new UserError({
      where: JSON.stringify(name),
      expected: `the name of a file in ${outputsFolder()}, or an absolute path`,
      found: 'a name that leads out of it',
    })
  return { file, shown: shownPath(file) }
}

/** Returns a path relative to the project folder if inside it: printed paths should not reveal a home folder. */
function shownPath(file: string): string {
  const relative = path.relative(projectFolder, file)
  return relative.startsWith('..') ? file : relative
}

function isStaticFormat(text: string): text is StaticFormat {
  return text === 'svg' || text === 'pdf' || text === 'png'
}
