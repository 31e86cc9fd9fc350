import { z } from 'zod'

/** The parts of a JSON Schema that describe the values of a key. */
interface Shape {
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly const?: unknown
  readonly anyOf?: readonly Shape[]
  readonly minimum?: number
  readonly maximum?: number
}

/** Describes the values that a type accepts: `a whole number from 1 to 64, or null`. */
export function typeWords(type: z.ZodType): string {
  return [...new Set(alternatives(z.toJSONSchema(type, { io: 'input' }) as Shape))].join(', or ')
}

function alternatives(shape: Shape): string[] {
  if (shape.anyOf) return shape.anyOf.flatMap(alternatives)
  if (Array.isArray(shape.type)) return shape.type.flatMap((type: string) => alternatives({ ...shape, type }))
  if (shape.enum) return [shape.enum.join(', ')]
  if (shape.const !== undefined) return [String(shape.const)]
  if (shape.type === 'integer') return [`a whole number ${range(shape)}`.trimEnd()]
  if (shape.type === 'number') return [`a number ${range(shape)}`.trimEnd()]
  if (shape.type === 'boolean') return ['true or false']
  return [shape.type === 'string' ? 'text' : String(shape.type)]
}

function range({ minimum, maximum }: Shape): string {
  const least = minimum === undefined || minimum <= Number.MIN_SAFE_INTEGER ? null : minimum
  const most = maximum === undefined || maximum >= Number.MAX_SAFE_INTEGER ? null : maximum
  if (least === null) return most === null ? '' : `up to ${most}`
  return most === null ? `of ${least} or more` : `from ${least} to ${most}`
}
