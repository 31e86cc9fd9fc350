import {
  type FUNCTION_KEYS,
  type FunctionRecord,
  functionOf,
  isFunctionRecord,
  isKnownFunction,
  type Loss,
  type Mixer,
  missingFunction,
  recordFunction,
} from '../../config/functions.js'
import type { Config } from '../../config/schema.js'
import { UserError } from '../../errors.js'
import { type MetricRecords, type Metrics, recordMetrics } from '../../evaluate/own-metrics.js'
import { tryMixer } from '../../model/mixer.js'
import { tryLoss } from '../../model/own-loss.js'
import type { ModelShape } from '../../model/shape.js'
import type { RunRecord } from '../../results/run.js'

/** The custom functions that a stored run was made with, if any; see `Mixer` and `Loss`. */
export interface RunFunctions {
  /** The mixer that the run was made with. */
  readonly mixer?: Mixer
  /** The loss that the run was made with. */
  readonly loss?: Loss
}

/** The call that needs functions, and the run or file that it is about, for messages. */
export interface FunctionCall {
  readonly where: string
  /** E.g. `resume('2026…', ` */
  readonly begins: string
}

type Key = keyof typeof FUNCTION_KEYS

/**
 * Tests a configuration's custom mixer and loss on a few numbers; the backend must be started.
 *
 * @throws UserError naming the function that returns a wrong shape, has no gradient, or is not finite.
 */
export function tryFunctions({ loss }: Config, shape: ModelShape): void {
  tryMixer(shape)
  tryLoss(loss, shape)
}

/**
 * Checks that the functions of a stored configuration are available: passed now, or registered in this process.
 *
 * @param keys the functions that are needed
 * @throws UserError naming a function that is missing, differs, or is passed for a run without one.
 */
export function checkFunctions(config: Config, given: RunFunctions, keys: readonly Key[], call: FunctionCall): void {
  for (const key of keys) {
    const record = config[key]
    const other = given[key] === undefined ? undefined : recordFunction(key, given[key])
    if (!isFunctionRecord(record)) {
      if (other) throw notOwn(key, record, other, call)
      continue
    }
    const isThere = other ? other.sha256 === record.sha256 : isKnownFunction(key, record)
    if (!isThere)
      throw missingFunction({
        kind: key,
        record,
        where: call.where,
        ...(other && { other }),
        call: `${call.begins}${literalOf(config, keys)})`,
      })
  }
}

/**
 * Returns the metrics of a run that is resumed or repeated.
 *
 * @param given the metrics passed now
 * @param calls the function that was called, for the error
 * @throws UserError naming a metric that is missing, differs, or is not one of the run's.
 */
export function metricsOf(
  record: RunRecord,
  config: Config,
  given: Metrics | undefined,
  calls: 'resume' | 'reproduce' = 'resume',
): Metrics {
  const wanted = storedMetrics(record)
  const found = given ? recordMetrics(given) : {}
  const call = `${calls}('${record.id}', ${literalOf(config, ['mixer', 'loss'], wanted)})`
  const where = `run ${record.id}`
  const known: Record<string, Metrics[string]> = {}
  for (const [name, metric] of Object.entries(wanted)) {
    const other = Object.hasOwn(found, name) ? found[name]! : null
    if (other && other.sha256 !== metric.sha256)
      throw missingFunction({ kind: 'metric', record: metric, where, other, call })
    if (!other && !isKnownFunction('metric', metric))
      throw missingFunction({ kind: 'metric', record: metric, where, call })
    known[name] = other ? given![name]! : (functionOf('metric', metric) as Metrics[string])
  }
  const more = Object.keys(found).find((name) => !Object.hasOwn(wanted, name))
  if (more === undefined) return known
  const names = Object.keys(wanted)
  throw new UserError({
    where,
    expected:
      names.length > 0 ? `the run's metrics, ${names.join(', ')}` : 'no metrics, since the run was begun without any',
    found: more,
    todo: `Its evaluations have no column test.${more}; evaluateRun computes it from the stored weights.`,
    exitCode: 2,
  })
}

/** Returns the records of a run's metrics, by name. */
export function storedMetrics({ provenance }: Pick<RunRecord, 'provenance'>): MetricRecords {
  const { metrics } = provenance
  if (typeof metrics !== 'object' || metrics === null) return {}
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => isFunctionRecord(value)))
}

/**
 * Returns notes on the run's metrics that an evaluation omits or computes with another source text; one sentence each.
 */
export function metricNotes(record: RunRecord, given: MetricRecords): string[] {
  return Object.entries(storedMetrics(record)).flatMap(([name, metric]) => {
    if (!Object.hasOwn(given, name)) return [`test.${name} is omitted: the run's metric ${name} was not passed`]
    return given[name]!.sha256 === metric.sha256
      ? []
      : [`test.${name} is computed by a metric whose source text differs from the run's`]
  })
}

/** Returns the literal by which a run's functions are passed: `{ mixer: conv, metrics: { rowsRight } }`. */
function literalOf(config: Config, keys: readonly Key[], metrics: MetricRecords = {}): string {
  const own = keys.flatMap((key) => {
    const value = config[key]
    return isFunctionRecord(value) ? [`${key}: ${value.name}`] : []
  })
  const names = Object.keys(metrics)
  return `{ ${[...own, ...(names.length > 0 ? [`metrics: { ${names.join(', ')} }`] : [])].join(', ')} }`
}

function notOwn(key: Key, found: unknown, { name }: FunctionRecord, { where }: FunctionCall): UserError {
  return new UserError({
    where,
    expected: `no ${key}, since the run was made with ${key}=${String(found)}`,
    found: name,
    todo: 'Leave it out.',
    exitCode: 2,
  })
}
