import path from 'node:path'
import { UserError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { projectFolder } from '../files/places.js'
import type { Figure } from '../plot/figure.js'
import { Picture, pictureFigure } from '../plot/picture.js'
import { onWhite } from '../plot/puzzle-svg.js'
import { renderFigure, type StaticFormat } from '../plot/static.js'
import { type Exportable, writeTable } from '../results/export.js'

/** Where a notebook's files go: beside its executed copy (`recurlab run` says where), else `results/notebooks`. */
function outputsFolder(): string {
  return process.env.RECURLAB_NOTEBOOK_OUT || path.join(projectFolder, 'results', 'notebooks')
}

/**
 * Saves a figure, or a picture of puzzles, for a paper.
 *
 * @param name file name; its ending says the format: `.svg`, `.pdf` or `.png`
 * @returns the file's path, from the project's folder where it is inside
 * @throws UserError for another ending, or when it cannot be drawn or written.
 */
export async function saveFigure(figure: Figure | Picture, name: string): Promise<string> {
  const format = path.extname(name).slice(1)
  if (!isStaticFormat(format))
    throw new UserError({ where: name, expected: 'a name that ends in .svg, .pdf or .png', found: `.${format}` })
  const file = path.join(outputsFolder(), name)
  writeFileAtomic(file, await drawn(figure, format))
  return shownPath(file)
}

/** A picture is SVG already and needs no plotting library for that. */
async function drawn(figure: Figure | Picture, format: StaticFormat): Promise<string | Uint8Array> {
  if (!(figure instanceof Picture)) return renderFigure(figure, format)
  return format === 'svg' ? onWhite(figure.svg) : renderFigure(pictureFigure(figure), format)
}

/**
 * Saves a table: Arrow that pyarrow and arquero read, or CSV. Integers of 64 bits keep all digits, dates are dates, see
 * {@link writeTable}.
 *
 * @param name file name; its ending says the format: `.arrow` or `.csv`
 * @returns the file's path, from the project's folder where it is inside
 * @throws UserError for another ending, or when it cannot be written.
 */
export function saveTable(table: Exportable, name: string): string {
  const file = path.join(outputsFolder(), name)
  writeTable(table, file)
  return shownPath(file)
}

/** Relative to the project's folder, where it is inside: what a notebook prints should not name somebody's home. */
function shownPath(file: string): string {
  const relative = path.relative(projectFolder, file)
  return relative.startsWith('..') ? file : relative
}

function isStaticFormat(text: string): text is StaticFormat {
  return text === 'svg' || text === 'pdf' || text === 'png'
}
