import { CHOICES, type Found, type Garbage, type Reason } from '../../experiment/gc/garbage.js'
import { findGarbage, freedBytes, needsChoice } from '../../experiment/gc/gc.js'
import { type Removal, removeGarbage } from '../../experiment/gc/remove.js'
import { DEFAULT_DATA } from '../../experiment/verify/things.js'
import { sizeText } from '../../files/space.js'
import { DEFAULT_RESULTS } from '../../results/layout.js'
import { momentOf } from '../../results/moment.js'
import { askInTerminal } from '../ask.js'
import { type Command, noWords } from '../command.js'
import { given, onlyKeys, severalOf } from '../keys.js'

/** Paths of a reason, and files that Recurlab does not know, that are printed. */
const SHOWN = 10

/** `recurlab gc`. */
export const command: Command = {
  help: [
    'Shows what nothing refers to, grouped by the reason, with the bytes on disk, and removes it after a yes: temporary files and leases of dead processes, parts of downloads, checkpoints that a run no longer lists, recordings without a row, logs of sweeps whose runs have all ended, and code compiled from sources that are gone. Nothing of a run or a recording at work is removed, nor the last good checkpoint, nor a file that Recurlab does not know.',
    {
      title: 'Options',
      rows: [
        ['results=DIR', `Results folder. Default: ${DEFAULT_RESULTS}.`],
        ['data=DIR', `Folder of data sets. Default: ${DEFAULT_DATA}.`],
        [
          'also=WHAT',
          'Removes what can still be used too: data, the data sets that no run, recording, sweep or weights name; recordings, those of runs that are gone; or data,recordings.',
        ],
        ['--older AGE', 'Takes what has not changed for so long: 30m, 12h, 7d or 2w. Default: 1h.'],
        ['--yes', 'Removes without a question. Default: asks in a terminal, else only shows.'],
        [
          '--json',
          'Prints { garbage: [{ reason, path, bytes, chosen }], unknown, notes, removed, kept }, and removes with --yes only.',
        ],
      ],
    },
  ],
  example: 'gc --older 7d',
  flags: { yes: false, older: true, json: false },
  async run({ words, pairs, flags }) {
    noWords(words)
    const { also, ...places } = onlyKeys(pairs, ['results', 'data', 'also'])
    const choices = also === undefined ? [] : severalOf('also=', also, ['data', 'recordings'])
    const older = flags.get('older')
    const before = typeof older === 'string' ? { before: momentOf('--older', older) } : {}
    const found = findGarbage({ ...given(places), ...before })
    const chosen = found.garbage.filter(
      (garbage) => !needsChoice(garbage) || choices.some((word) => isChoice(garbage, word)),
    )
    if (!flags.has('json')) process.stdout.write(`${textOf(found, chosen)}\n`)
    const removes = chosen.length > 0 && (flags.has('yes') || (!flags.has('json') && (await isWanted(chosen))))
    const removal = removes ? removeGarbage(chosen) : null
    if (flags.has('json')) process.stdout.write(`${JSON.stringify(jsonOf(found, chosen, removal))}\n`)
    else if (removal) process.stdout.write(`${removalText(removal)}\n`)
    // Garbage that came to be used meanwhile is kept, which is no failure.
    return removal?.kept.some(({ isFailure }) => isFailure) ? 1 : 0
  },
}

function isChoice({ reason }: Garbage, word: string): boolean {
  return CHOICES[reason] === `also=${word}`
}

/** Asks in a terminal; elsewhere nothing is removed. */
async function isWanted(chosen: readonly Garbage[]): Promise<boolean> {
  if (!process.stdin.isTTY) {
    process.stdout.write('Nothing was removed; --yes removes it.\n')
    return false
  }
  const answer = await askInTerminal(`Remove ${countText(chosen.length)}? [y/N] `)
  return /^\s*y(es)?\s*$/i.test(answer)
}

/** Returns what was found, a block for each reason. */
function textOf({ garbage, unknown, notes }: Found, chosen: readonly Garbage[]): string {
  const bytes = freedBytes(garbage)
  const sizes = new Map(garbage.map((each, i) => [each, bytes[i]!]))
  const reasons = [...new Set(garbage.map(({ reason }) => reason))]
  const blocks = reasons.map((reason) => {
    const own = garbage.filter((each) => each.reason === reason)
    const choice = chosen.includes(own[0]!) ? '' : `; kept without ${CHOICES[reason]}`
    const lines = few(own.map((each) => `  ${each.path} (${sizeText(sizes.get(each)!)})`))
    return [
      `${capital(reason)}: ${own.length}, ${sizeText(sum(own.map((each) => sizes.get(each)!)))}${choice}`,
      ...lines,
    ].join('\n')
  })
  const left =
    unknown.length === 0
      ? []
      : [[`Not known, and left: ${unknown.length}`, ...few(unknown.map((place) => `  ${place}`))].join('\n')]
  const total =
    chosen.length === 0
      ? 'There is nothing to remove.'
      : `To remove: ${countText(chosen.length)}, ${sizeText(sum(freedBytes(chosen)))}.`
  return [...blocks, ...left, ...notes.map((note) => `note: ${note}`), total].join('\n\n')
}

function removalText({ removed, kept }: Removal): string {
  const lines = kept.map(({ garbage, why }) => `kept: ${garbage.path}: ${why}`)
  return [...lines, `Removed ${countText(removed.length)}.`].join('\n')
}

function jsonOf({ garbage, unknown, notes }: Found, chosen: readonly Garbage[], removal: Removal | null): object {
  const bytes = freedBytes(garbage)
  return {
    garbage: garbage.map((each, i) => ({
      reason: each.reason,
      path: each.path,
      bytes: bytes[i],
      chosen: chosen.includes(each),
    })),
    unknown,
    notes,
    removed: removal?.removed.map(({ path }) => path) ?? [],
    kept: removal?.kept.map(({ garbage: { path }, why }) => ({ path, why })) ?? [],
  }
}

function few(lines: readonly string[]): string[] {
  return lines.length > SHOWN ? [...lines.slice(0, SHOWN), `  … and ${lines.length - SHOWN} more`] : [...lines]
}

function countText(count: number): string {
  return `${count} ${count === 1 ? 'file or folder' : 'files and folders'}`
}

function capital(reason: Reason): string {
  return reason[0]!.toUpperCase() + reason.slice(1)
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
