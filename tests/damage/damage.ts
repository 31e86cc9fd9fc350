import { execFileSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { Random } from '../../lib/random.js'

/** Damage that depends on chance. */
const RANDOM = ['cut', 'a bit', 'a byte', 'zeros', 'garbage at the end', 'a block twice'] as const

/** Damage of which there is one kind only for a file. */
const FIXED = [
  'empty',
  'of another',
  'older',
  'a folder',
  'a pipe',
  'a device',
  'a loop of links',
  'a link to nothing',
] as const

/** The damage done to a file. */
export type Damage = (typeof RANDOM)[number] | (typeof FIXED)[number]

/** A file of a folder, and what happens to it. */
export interface DamageCase {
  readonly file: string
  readonly damage: Damage
}

/** Bytes of a block of a disk. */
const BLOCK = 512

/** Returns cases of damage to each file, shuffled, so that any part of them is a fair sample. */
export function damageCases(files: readonly string[], each = 400): DamageCase[] {
  const kinds = Array.from(
    { length: each },
    (_, i): Damage => (i % 6 === 0 ? FIXED[(i / 6) % FIXED.length]! : RANDOM[i % RANDOM.length]!),
  )
  const cases = files.flatMap((file) => kinds.map((damage) => ({ file, damage })))
  const random = Random.of(0, 'damage')
  for (let i = cases.length - 1; i > 0; i--) {
    const j = Math.floor(random.float() * (i + 1))
    ;[cases[i], cases[j]] = [cases[j]!, cases[i]!]
  }
  return cases
}

/** Folders whose files take the place of a damaged one. */
export interface Substitutes {
  /** Another run, data set or recording of the same kind. */
  readonly other: string
  /** An earlier state of the same one. */
  readonly older?: string
}

/**
 * Damages a file of a folder.
 *
 * @returns restores it
 */
export function damageFile(
  dir: string,
  { file, damage }: DamageCase,
  { other, older = other }: Substitutes,
  random = Random.of(0, file),
): () => void {
  const place = path.join(dir, file)
  const before = readFileSync(place)
  rmSync(place)
  const from = (folder: string): Buffer => {
    const substitute = path.join(folder, file)
    return existsSync(substitute) ? readFileSync(substitute) : Buffer.alloc(0)
  }
  const below = (length: number): number => Math.floor(random.float() * length)
  const changed = Buffer.from(before)
  const at = below(before.length)
  if (damage === 'cut') writeFileSync(place, before.subarray(0, at))
  else if (damage === 'a bit') {
    changed[at]! ^= 1 << below(8)
    writeFileSync(place, changed)
  } else if (damage === 'a byte') {
    changed[at]! ^= 1 + below(255)
    writeFileSync(place, changed)
  } else if (damage === 'zeros')
    writeFileSync(place, changed.fill(0, at - (at % BLOCK), Math.min(before.length, at - (at % BLOCK) + BLOCK)))
  else if (damage === 'garbage at the end')
    writeFileSync(place, Buffer.concat([before, Buffer.from(Array.from({ length: 1 + below(64) }, () => below(256)))]))
  else if (damage === 'a block twice') {
    const begin = at - (at % BLOCK)
    writeFileSync(place, Buffer.concat([before.subarray(0, begin + BLOCK), before.subarray(begin)]))
  } else if (damage === 'empty') writeFileSync(place, '')
  else if (damage === 'of another') writeFileSync(place, from(other))
  else if (damage === 'older') writeFileSync(place, from(older))
  else if (damage === 'a folder') mkdirSync(place)
  else if (damage === 'a pipe') execFileSync('mkfifo', [place])
  else
    symlinkSync(
      { 'a device': '/dev/zero', 'a loop of links': path.basename(place), 'a link to nothing': 'none' }[damage],
      place,
    )
  return () => {
    if (lstatSync(place, { throwIfNoEntry: false })) rmSync(place, { recursive: true })
    writeFileSync(place, before)
  }
}

/** Creates an empty folder, in memory where the system has such a place, that goes when the test file ends. */
export function quickFolder(): string {
  const folder = mkdtempSync(path.join(existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'recurlab-damage-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
