import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** Folder of the processors' energy counters on Linux (RAPL). */
const POWERCAP = '/sys/class/powercap'

/** The counters of whole processors; their parts (`intel-rapl:0:0`) and `intel-rapl-mmio` count the same energy again. */
const ZONE = /^intel-rapl:\d+$/

const MICROJOULES = 1e-6

/** The energy counters of this machine's processors. */
export interface EnergyCounters {
  /** Says which counters are read and what they include, or why there are none. */
  readonly source: string
  /** Returns the joules since the first call; null without counters, or once one cannot be read any more. */
  joules(): number | null
}

/** A counter of one processor; it starts again from 0 after its range. */
interface Zone {
  readonly name: string
  readonly file: string
  readonly range: number
}

/**
 * Returns the energy counters of the processors. They include whatever else runs on the machine, and no accelerator. A
 * counter starts again after its range (about 20 minutes at 200 W): call `joules` more often than that.
 *
 * @param folder default: that of Linux
 */
export function energyCounters(folder = POWERCAP): EnergyCounters {
  const zones = zonesIn(folder)
  if (typeof zones === 'string') return { source: `not measured: ${zones}`, joules: () => null }
  const names = zones.map(({ name }) => name).join(', ')
  let last: readonly number[] | null = null
  let total = 0
  let lost = false
  return {
    source: `RAPL ${names}: all that runs on the machine's processors`,
    joules: () => {
      const now = lost ? null : readAll(zones)
      if (now === null) {
        lost = true
        return null
      }
      if (last) for (const [i, { range }] of zones.entries()) total += since(last[i]!, now[i]!, range)
      last = now
      return total * MICROJOULES
    },
  }
}

let counters: EnergyCounters | null = null

/** Returns the energy counters of this machine, the same for the whole process. */
export function machineEnergy(): EnergyCounters {
  counters ??= energyCounters()
  return counters
}

/** Returns the microjoules between two readings of a counter. */
function since(before: number, now: number, range: number): number {
  return now >= before ? now - before : now + range - before
}

/** Returns the readable counters of processors, or why there are none. */
function zonesIn(folder: string): Zone[] | string {
  try {
    const found = readdirSync(folder).filter((zone) => ZONE.test(zone))
    const zones = found.flatMap((zone) => {
      const name = readFileSync(path.join(folder, zone, 'name'), 'utf8').trim()
      if (!name.startsWith('package')) return []
      const file = path.join(folder, zone, 'energy_uj')
      const [, range] = [readCounter(file), readCounter(path.join(folder, zone, 'max_energy_range_uj'))]
      return [{ name, file, range }]
    })
    return zones.length > 0 ? zones : `no processor has an energy counter in ${folder}`
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return `this system has no energy counters in ${folder}`
    if (code === 'EACCES' || code === 'EPERM') return `the energy counters in ${folder} are readable by root only`
    return `the energy counters in ${folder} cannot be read (${code ?? (error as Error).message})`
  }
}

function readAll(zones: readonly Zone[]): number[] | null {
  try {
    return zones.map(({ file }) => readCounter(file))
  } catch {
    return null
  }
}

function readCounter(file: string): number {
  const text = readFileSync(file, 'utf8').trim()
  if (!/^\d+$/.test(text)) throw new Error(`${file}: ${JSON.stringify(text)}`)
  return Number(text)
}
