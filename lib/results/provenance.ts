import os from 'node:os'
import path from 'node:path'
import { machineEnergy } from '../backend/energy.js'
import { sha256 } from '../files/atomic.js'
import { readJson } from '../files/json.js'
import { fileOperations as fs } from '../files/operations.js'
import { hostTag } from '../files/owner.js'
import { projectFolder as root } from '../files/places.js'
import { type CodeRecord, currentCode } from './code.js'

/** The code, data, machine and versions behind a result. */
export interface Provenance {
  /** Start of the run, ISO 8601 in UTC. */
  readonly date: string
  /** Command line, or the notebook's call. */
  readonly command: readonly string[]
  readonly seed: number
  /** Hash of the data set. */
  readonly dataHash: string
  /** Record of the backend: name, version, threads, instruction set, reason for the choice. */
  readonly backend: Readonly<Record<string, unknown>>
  readonly code: CodeRecord
  /** SHA-256 of package-lock.json; null when it is missing. */
  readonly lockHash: string | null
  readonly recurlab: string
  readonly node: string
  /** Installed versions of the packages in package.json. */
  readonly packages: Readonly<Record<string, string>>
  readonly machine: Machine
}

/** The machine, without anything that identifies its owner. */
export interface Machine {
  /** First twelve hexadecimal digits of the host name's SHA-256. */
  readonly host: string
  readonly cpu: string
  /** Cores that this process may use. */
  readonly cores: number
  readonly memoryBytes: number
  /** The energy counters that are read, or why there are none. */
  readonly energy: string
  readonly os: string
  readonly arch: string
}

/** Caller's part of the provenance. */
export interface ProvenanceInput {
  readonly dataHash: string
  readonly backend: Readonly<Record<string, unknown>>
  readonly seed: number
  /** Default: the arguments of this process. */
  readonly command?: readonly string[]
}

/** Collects the provenance that is stored beside a result, so that it can be checked and reproduced. */
export function collectProvenance({ dataHash, backend, seed, command }: ProvenanceInput): Provenance {
  const project = readJson(path.join(root, 'package.json'))
  const lock = path.join(root, 'package-lock.json')
  return {
    date: new Date().toISOString(),
    command: command ?? process.argv.slice(1),
    seed,
    dataHash,
    backend,
    code: currentCode().record,
    lockHash: fs.existsSync(lock) ? sha256(fs.readFileSync(lock)) : null,
    recurlab: String(project.version),
    node: process.version,
    packages: packageVersions(),
    machine: {
      host: hostTag(),
      cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
      cores: os.availableParallelism(),
      memoryBytes: os.totalmem(),
      energy: machineEnergy().source,
      os: `${os.platform()} ${os.release()}`,
      arch: os.arch(),
    },
  }
}

/** Returns the installed versions of the packages in package.json. */
export function packageVersions(): Record<string, string> {
  const project = readJson(path.join(root, 'package.json'))
  const versions: Record<string, string> = {}
  for (const name of Object.keys(project.dependencies ?? {})) {
    const file = path.join(root, 'node_modules', name, 'package.json')
    versions[name] = fs.existsSync(file) ? String(readJson(file).version) : 'not installed'
  }
  return versions
}
