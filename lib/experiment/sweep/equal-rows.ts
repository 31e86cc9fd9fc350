import { type ConfigIdentity, configIdentity, effectiveValue } from '../../config/effective.js'
import { shownValue } from '../../config/functions.js'
import { isReplacedByRecursion } from '../../config/recursion-key.js'
import type { ConfigInput, ConfigKey } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { RunWork } from '../estimate/work.js'

/** A requested run: its configuration as written, and the work that it means. */
interface Row {
  readonly input: ConfigInput
  readonly work: Pick<RunWork, 'config'>
  readonly data: Pick<Dataset, 'hash'>
}

/**
 * Refuses duplicate runs in a sweep.
 *
 * @throws UserError naming the keys that were varied without effect, or the runs that were requested twice.
 */
export function refuseEqualRows(rows: readonly Row[]): void {
  const first = new Map<string, number>()
  for (const [index, row] of rows.entries()) {
    const identity = JSON.stringify([row.data.hash, withoutIdleKeys(configIdentity(row.work.config))])
    const other = first.get(identity)
    if (other !== undefined) throw equalRows(rows, other, index)
    first.set(identity, index)
  }
}

/** Returns whether a value is shown as written, i.e. is not a function. */
function isWord(value: unknown): boolean {
  return typeof value !== 'object' && typeof value !== 'function'
}

/** Returns the configuration without keys that the model does not use, although they have a value. */
function withoutIdleKeys(config: ConfigIdentity): Partial<ConfigIdentity> {
  const { heads, ...others } = config
  return config.mixer === 'mlp' ? others : config
}

function equalRows(rows: readonly Row[], a: number, b: number): UserError {
  const [one, two] = [rows[a]!, rows[b]!]
  const keys = [...new Set([...Object.keys(one.input), ...Object.keys(two.input)])] as ConfigKey[]
  const idle = (key: ConfigKey): boolean =>
    isReplacedByRecursion(key) && Boolean(one.input.recursion ?? two.input.recursion)
  const varied = keys.filter((key) => one.input[key] !== two.input[key] && !idle(key))
  const shown = ({ input, work }: Row, key: ConfigKey): unknown =>
    input[key] == null ? 'left open' : isWord(input[key]) ? input[key] : shownValue(effectiveValue(work.config, key))
  const values = (row: Row): string => varied.map((key) => `${key} ${shown(row, key)}`).join(', ')
  return new UserError({
    where: varied.length > 0 ? `key ${varied.join(', ')} of the grid` : 'the grid',
    expected: 'runs that differ',
    found:
      varied.length > 0
        ? `runs ${a + 1} and ${b + 1} that train the same: ${values(one)} and ${values(two)}`
        : `run ${a + 1} a second time as run ${b + 1}`,
    todo: 'Omit one; a list of grids selects single combinations.',
    exitCode: 2,
  })
}
