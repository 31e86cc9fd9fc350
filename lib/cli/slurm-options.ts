import type { z } from 'zod'
import { type SlurmOptions, slurmSchema } from '../experiment/slurm/options.js'
import type { SweepOptions } from '../experiment/sweep/sweep.js'
import { optionsFromText } from '../options/options.js'
import { type Args, wrongUse } from './command.js'
import type { HelpList } from './help.js'
import { oneOf } from './keys.js'

/** Prefix of keys that are handed on to sbatch, as in `sbatch.mail-type=END`. */
const PASSED = 'sbatch.'

/** Keys of a submission besides those that are handed on. */
export const SLURM_KEYS = Object.keys(slurmSchema.shape).filter((key) => key !== 'sbatch')

/** Returns the help on the options of a submission. @param title above them */
export function slurmHelp(title: string, keys: readonly string[] = SLURM_KEYS): HelpList {
  const shape = slurmSchema.shape as Readonly<Record<string, z.ZodType>>
  return {
    title,
    rows: [
      ...keys.map((key): [string, string] => [`${key}=${VALUES[key] ?? 'TEXT'}`, shape[key]!.description ?? '']),
      ['sbatch.NAME=VALUE', 'Any other option of sbatch, such as sbatch.mail-type=END. Default: none.'],
    ],
  }
}

const VALUES: Readonly<Record<string, string>> = {
  cpus: 'N',
  width: 'N',
  warnSeconds: 'N',
  requeues: 'N',
  report: 'true|false',
}

/** Returns the pairs that do not describe a submission. */
export function withoutSlurm(pairs: Args['pairs']): Map<string, string> {
  return new Map([...pairs].filter(([key]) => !isSlurmKey(key)))
}

/** Returns the options of a submission in a command line. @throws UserError (exit code 2) for values of another kind */
export function slurmOptions(pairs: Args['pairs']): SlurmOptions {
  const own = new Map([...pairs].filter(([key]) => SLURM_KEYS.includes(key)))
  const sbatch = Object.fromEntries(
    [...pairs].flatMap(([key, value]) => (key.startsWith(PASSED) ? [[key.slice(PASSED.length), passed(value)]] : [])),
  )
  const options = optionsFromText(slurmSchema, own, 'a submission to Slurm')
  return { ...options, ...(Object.keys(sbatch).length > 0 ? { sbatch } : {}) } as SlurmOptions
}

/**
 * Returns where `--on` trains a sweep; nothing without it.
 *
 * @throws UserError (exit code 2) for another place, and for options of a submission without `--on slurm`.
 */
export function placeOf({ pairs, flags }: Args): Pick<SweepOptions, 'on' | 'slurm'> {
  const on = flags.get('on')
  if (typeof on === 'string') {
    oneOf('--on ', on, ['slurm'])
    return { on: 'slurm', slurm: slurmOptions(pairs) }
  }
  const stray = [...pairs.keys()].find(isSlurmKey)
  if (stray !== undefined) throw wrongUse(`--on slurm beside ${stray}=`, 'none')
  return {}
}

function isSlurmKey(key: string): boolean {
  return SLURM_KEYS.includes(key) || key.startsWith(PASSED)
}

function passed(value: string): string | boolean {
  return value === 'true' || value === 'false' ? value === 'true' : value
}
