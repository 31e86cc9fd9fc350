import type { Identifiers } from '../../data/dataset.js'
import { BLANK_IDENTIFIER, listedIdentifiers } from '../../data/identifiers.js'
import { isJsonObject, kindOf, shown } from '../../files/json.js'
import { faults, readPublishedJson } from './json.js'

/** Names of a published folder, with their storage format. */
export interface PublishedNames {
  readonly identifiers: Identifiers
  /** `list`: names in order; `object`: id → name. */
  readonly form: 'list' | 'object'
  readonly sha256: string
}

/**
 * Reads `identifiers.json`: a list of names, or an object of id → name.
 *
 * @param count number of names according to `dataset.json`; `blank` is the id of padding
 * @throws UserError for a wrong number of names, duplicate names, invalid ids, and values that are not names.
 */
export function readIdentifiers(file: string, count: number, blank: number): PublishedNames {
  const fail = faults(file)
  const { value, sha256 } = readPublishedJson(file)
  let names: unknown[]
  if (Array.isArray(value)) names = value
  else if (isJsonObject(value)) {
    names = []
    for (const [id, name] of Object.entries(value)) {
      if (!/^(0|[1-9]\d{0,9})$/.test(id) || Number(id) >= count)
        throw fail(`ids 0…${count - 1}`, shown(id), `key ${id}`)
      names[Number(id)] = name
    }
  } else throw fail('a list of names, or an object of id → name', kindOf(value))
  if (names.length !== count) throw fail(`${count} names, as dataset.json says`, String(names.length))
  const seen = new Set<string>()
  for (let id = 0; id < count; id++) {
    const name = names[id]
    if (typeof name !== 'string' || name === '') throw fail('a name', shown(name), `id ${id}`)
    if (seen.has(name) && name !== BLANK_IDENTIFIER) throw fail('every name once', `${shown(name)} twice`, `id ${id}`)
    seen.add(name)
  }
  if (names[blank] !== BLANK_IDENTIFIER)
    throw fail(`${BLANK_IDENTIFIER}, as blank_identifier_id says`, shown(names[blank]), `id ${blank}`)
  return {
    identifiers: listedIdentifiers(names as string[]),
    form: Array.isArray(value) ? 'list' : 'object',
    sha256,
  }
}
