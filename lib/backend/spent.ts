import { machineEnergy } from './energy.js'

/** Time and energy of a piece of work. */
export interface Spent {
  /** Seconds by the clock. */
  readonly seconds: number
  /** Seconds of processor cores: of all threads of this process, of the user and of the system. */
  readonly cpuSeconds: number
  /** Joules of the machine's processors; null if unknown. See `energyCounters`. */
  readonly joules: number | null
}

/** No time and no energy. */
export const NOTHING_SPENT: Spent = { seconds: 0, cpuSeconds: 0, joules: 0 }

/** Returns the sum; its energy is unknown if one of the two is. */
export function addSpent(a: Spent, b: Spent): Spent {
  return {
    seconds: a.seconds + b.seconds,
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    joules: a.joules === null || b.joules === null ? null : a.joules + b.joules,
  }
}

/** Starts measuring; the function that it returns gives what has been spent since. */
export function startMeter(): () => Spent {
  const from = now()
  return () => {
    const { seconds, cpuSeconds, joules } = now()
    return {
      seconds: seconds - from.seconds,
      cpuSeconds: cpuSeconds - from.cpuSeconds,
      joules: joules === null || from.joules === null ? null : joules - from.joules,
    }
  }
}

function now(): Spent {
  const { user, system } = process.cpuUsage()
  return {
    seconds: performance.now() / 1000,
    cpuSeconds: (user + system) / 1e6,
    joules: machineEnergy().joules(),
  }
}
