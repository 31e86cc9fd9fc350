import { existsSync, readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { UserError } from '../errors.js'

/** The widest instruction sets that matter for matrix products, in the order they are named. */
const INSTRUCTION_SETS: ReadonlyArray<readonly [flag: string, name: string]> = [
  ['avx', 'AVX'],
  ['avx2', 'AVX2'],
  ['fma', 'FMA'],
  ['avx512f', 'AVX-512'],
  ['avx512_vnni', 'AVX-512 VNNI'],
  ['avx512_bf16', 'AVX-512 BF16'],
  ['amx_tile', 'AMX'],
  ['amx_bf16', 'AMX BF16'],
  ['asimd', 'NEON'],
  ['sve', 'SVE'],
]

/**
 * What the processor can do, from the flags in `/proc/cpuinfo`, e.g. `AVX AVX2 FMA`. Where the system has no such file
 * it is the architecture's name.
 */
export function instructionSet(cpuinfo: string | null = readText('/proc/cpuinfo')): string {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo ?? '')?.[1]
  if (flags === undefined) return process.arch
  const present = new Set(flags.trim().split(/\s+/))
  const names = INSTRUCTION_SETS.filter(([flag]) => present.has(flag)).map(([, name]) => name)
  return names.length > 0 ? names.join(' ') : process.arch
}

/**
 * Threads to compute with: RECURLAB_THREADS, else the cores this process may use (affinity and, where Node knows them,
 * container limits).
 *
 * @throws UserError when RECURLAB_THREADS is not a whole number from 1 to 1024
 */
export function threadCount(setting: string | undefined = process.env.RECURLAB_THREADS): number {
  if (setting === undefined || setting === '') return Math.min(os.availableParallelism(), cgroupCores() ?? Infinity)
  const threads = Number(setting)
  if (!Number.isInteger(threads) || threads < 1 || threads > 1024)
    throw new UserError({
      where: 'RECURLAB_THREADS',
      expected: 'a whole number from 1 to 1024',
      found: JSON.stringify(setting),
      todo: 'Set it to the number of threads, or unset it to use every core.',
    })
  return threads
}

/** The name of the processor, e.g. `AMD EPYC 9454P`. */
export function processorName(): string {
  return os.cpus()[0]?.model.trim() ?? process.arch
}

/** The NVIDIA GPUs that the driver shows, by name; empty without a driver. */
export function nvidiaGpus(folder = '/proc/driver/nvidia/gpus'): string[] {
  if (!existsSync(folder)) return existsSync('/dev/nvidia0') ? ['NVIDIA GPU'] : []
  return readdirSync(folder).map((id) => {
    const text = readText(`${folder}/${id}/information`) ?? ''
    return /^Model:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? 'NVIDIA GPU'
  })
}

/** Whole cores that a container limit (cgroup v2) leaves; null without one. */
function cgroupCores(): number | null {
  const [quota, period] = (readText('/sys/fs/cgroup/cpu.max') ?? '').trim().split(' ').map(Number)
  return quota && period ? Math.max(1, Math.ceil(quota / period)) : null
}

function readText(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
