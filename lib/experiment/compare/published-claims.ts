import path from 'node:path'
import { UserError } from '../../errors.js'
import { readArrow } from '../../files/arrow.js'
import { type Row, rowsOfTable } from '../../files/arrow-rows.js'
import { fileOperations as fs } from '../../files/operations.js'
import { defaultPlace } from '../../files/places.js'

/** Scale of the runs behind a claim: minutes on a laptop, or hours. */
export type Scale = 'pocket' | 'lab'

/** A judged claim that is stored with a project: a row of `JudgedClaims.table()`. */
export interface PublishedClaim {
  readonly scale: Scale
  /** File name without `.verdicts.arrow`, e.g. `04-latents`. */
  readonly source: string
  readonly claim: string
  /** Names of the arms. */
  readonly better: string
  readonly than: string
  /** `better` − `than`, in points for a share, with the ends of the interval at the level that it was judged at, by default 95 %. */
  readonly difference: number
  readonly low: number | null
  readonly high: number | null
  readonly seeds: number
  readonly verdict: string
  readonly expected: string
  readonly reportedTable: string | null
  readonly reportedTask: string | null
  readonly reportedBetter: string | null
  readonly reportedThan: string | null
}

const SUFFIX = '.verdicts.arrow'
/** The scales, smallest first. */
export const SCALES: readonly Scale[] = ['pocket', 'lab']

/**
 * Reads the judged claims that are stored under `FOLDER/pocket` and `FOLDER/lab` as `NAME.verdicts.arrow`, which
 * `saveTable(judge(runs, claims).table(), 'NAME.verdicts.arrow')` writes.
 *
 * @param folder default: `results/published`, in a notebook the project's
 * @throws UserError when there are none, or a file is no such table.
 */
export function publishedClaims(folder: string = defaultPlace('results/published')): PublishedClaim[] {
  const claims = SCALES.flatMap((scale) => {
    const dir = path.join(folder, scale)
    const names = fs.existsSync(dir) ? fs.readdirSync(dir).filter((name) => name.endsWith(SUFFIX)) : []
    return names.sort().flatMap((name) => claimsOf(path.join(dir, name), scale, name.slice(0, -SUFFIX.length)))
  })
  if (claims.length > 0) return claims
  throw new UserError({
    where: folder,
    expected: `tables pocket/NAME${SUFFIX} or lab/NAME${SUFFIX}`,
    found: 'none',
    todo: "saveTable(judge(runs, claims).table(), …) writes them; pass the folder's path.",
  })
}

const TEXTS = ['claim', 'better', 'than', 'verdict', 'expected'] as const
const NUMBERS = ['difference', 'seeds'] as const

function claimsOf(file: string, scale: Scale, source: string): PublishedClaim[] {
  return rowsOfTable(readArrow(file)).map((row) => {
    const wrong = [
      ...TEXTS.filter((key) => typeof row[key] !== 'string'),
      ...NUMBERS.filter((key) => typeof row[key] !== 'number'),
    ]
    if (wrong.length > 0)
      throw new UserError({
        where: file,
        expected: 'the table of judged claims',
        found: `no ${wrong.join(', ')}`,
        todo: 'Save it again: saveTable(judge(runs, claims).table(), …).',
      })
    const text = (key: string): string => String(row[key])
    return {
      scale,
      source,
      claim: text('claim'),
      better: text('better'),
      than: text('than'),
      difference: Number(row.difference),
      low: numberOf(row.low),
      high: numberOf(row.high),
      seeds: Number(row.seeds),
      verdict: text('verdict'),
      expected: text('expected'),
      reportedTable: textOf(row.reportedTable),
      reportedTask: textOf(row.reportedTask),
      reportedBetter: textOf(row.reportedBetter),
      reportedThan: textOf(row.reportedThan),
    }
  })
}

function numberOf(value: Row[string] | undefined): number | null {
  return typeof value === 'number' ? value : null
}

function textOf(value: Row[string] | undefined): string | null {
  return typeof value === 'string' ? value : null
}
