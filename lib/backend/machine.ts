import { existsSync, readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { UserError } from '../errors.js'

/** Instruction sets that affect matrix products, in display order. */
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
 * Returns the vector extensions of the processor, from the flags in `/proc/cpuinfo`, e.g. `AVX AVX2 FMA`; the name of
 * the architecture on a system without that file.
 */
export function instructionSet(cpuinfo: string | null = readText('/proc/cpuinfo')): string {
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(cpuinfo ?? '')?.[1]
  if (flags === undefined) return process.arch
  const present = new Set(flags.trim().split(/\s+/))
  const names = INSTRUCTION_SETS.filter(([flag]) => present.has(flag)).map(([, name]) => name)
  return names.length > 0 ? names.join(' ') : process.arch
}

/**
 * Returns the number of threads: RECURLAB_THREADS, else the cores that this process may use (affinity and, where Node
 * reports them, container limits).
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

/** Returns the name of the processor, e.g. `AMD EPYC 9454P`. */
export function processorName(): string {
  return os.cpus()[0]?.model.trim() ?? process.arch
}

/** Returns the names of the NVIDIA GPUs that the driver lists; empty without a driver. */
export function nvidiaGpus(folder = '/proc/driver/nvidia/gpus'): string[] {
  if (!existsSync(folder)) return existsSync('/dev/nvidia0') ? ['NVIDIA GPU'] : []
  return readdirSync(folder).map((id) => {
    const text = readText(`${folder}/${id}/information`) ?? ''
    return /^Model:\s*(.+)$/m.exec(text)?.[1]?.trim() ?? 'NVIDIA GPU'
  })
}

/** Returns the whole cores within a container limit (cgroup v2); null without one. */
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
