import { optionsFromText } from '../../config/options.js'
import { arc } from '../../data/arc/build.js'
import { type ArcOptions, arcOptions } from '../../data/arc/options.js'
import type { Dataset } from '../../data/dataset.js'

export { arcOptions }

/** `recurlab data build arc key=value …`: an ARC data set out of the command line's texts, `out` not among them. */
export async function buildArc(pairs: ReadonlyMap<string, string>): Promise<Dataset> {
  return arc(optionsFromText(arcOptions, pairs, 'an ARC data set') as ArcOptions)
}
