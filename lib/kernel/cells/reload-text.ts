/** Maximum number of edited modules to name; further ones are counted. */
const MAX_NAMED = 3

/** Returns one line, such as `Reloaded lib/model/trm.ts and 12 modules that import it`. */
export function reloadText(reloaded: readonly string[], edited: readonly string[]): string {
  const more = edited.length - MAX_NAMED
  const named = more > 1 ? [...edited.slice(0, MAX_NAMED), `${more} more`] : edited
  const them = edited.length === 1 ? 'it' : 'them'
  const [importer, ...others] = reloaded.filter((name) => !edited.includes(name))
  if (importer === undefined) return `Reloaded ${listed(named)}`
  const importers =
    others.length === 0 ? `${importer}, which imports ${them}` : `${others.length + 1} modules that import ${them}`
  return named.length === 1 ? `Reloaded ${named[0]} and ${importers}` : `Reloaded ${listed(named)}, and ${importers}`
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}
