import { UserError } from '../errors.js'
import { valueText } from '../files/cell.js'

const AGE = /^(\d+(?:\.\d+)?)\s?([mhdw])$/
const MILLISECONDS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 } as const

const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:\d{2})?)?$/

/**
 * Returns a moment in milliseconds since 1970: that of a date, of a text in ISO 8601 (`2026-11-30`,
 * `2026-11-30T09:00+01:00`; UTC without a zone), or of an age before now (`30m`, `12h`, `7d`, `2w`).
 *
 * @param where the option, for messages
 * @param now milliseconds since 1970. Default: now
 * @throws UserError (exit code 2) for anything else.
 */
export function momentOf(where: string, value: unknown, now: number = Date.now()): number {
  const moment = value instanceof Date ? value.getTime() : typeof value === 'string' ? parsed(value.trim(), now) : NaN
  if (Number.isFinite(moment)) return moment
  throw new UserError({
    where,
    expected: 'an age (30m, 12h, 7d or 2w) or a date (2026-11-30 or 2026-11-30T09:00, in UTC)',
    found: value instanceof Date ? 'an invalid date' : valueText(value, 60),
    exitCode: 2,
  })
}

function parsed(text: string, now: number): number {
  const [, count, unit] = AGE.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * MILLISECONDS[unit as keyof typeof MILLISECONDS]
  const [, day, time = '00:00', zone = 'Z'] = ISO.exec(text) ?? []
  if (day === undefined) return Number.NaN
  // Of 31 February JavaScript makes 3 March.
  const midnight = new Date(`${day}T00:00Z`)
  const isDay = Number.isFinite(midnight.getTime()) && midnight.toISOString().startsWith(day)
  return isDay ? Date.parse(`${day}T${time}${zone}`) : Number.NaN
}
