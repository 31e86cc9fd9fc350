import path from 'node:path'
import { escapeHtml } from '../../escape/html.js'
import { isJsonObject } from '../../files/json.js'
import { otherCodes } from '../../results/other-code.js'
import type { FinishedRun, Runs } from '../compare/runs.js'
import { list, type Section, table } from './html.js'

/** Digits of a hash or a commit. */
const DIGITS = 12
/** Largest number of names in a sentence. */
const NAMED = 12

/** Returns where the numbers come from: runs, commits, data, machine and versions, and how their code differs. */
export function provenanceSection({ all }: Runs): Section {
  const facts = all.map(factsOf)
  const names = [...new Set(facts.flatMap(Object.keys))]
  const isShared = (name: string): boolean => new Set(facts.map((one) => one[name] ?? null)).size === 1
  const shared = all.length > 1 ? names.filter(isShared) : names
  const rows = all.map(({ id, config }, i) => ({
    run: id,
    seed: String(config.seed),
    ...Object.fromEntries(
      names.filter((name) => !shared.includes(name)).map((name) => [name, facts[i]![name] ?? null]),
    ),
  }))
  const html = [
    `<dl>${shared.map((name) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(facts[0]?.[name] ?? '–')}</dd>`).join('')}</dl>`,
    list(codeNotes(all)),
    table(rows),
  ]
  return { id: 'provenance', title: 'Provenance', html: html.filter((part) => part !== '').join('\n') }
}

type Facts = Readonly<Record<string, string>>

/** Returns what a run's record says about its making, as texts by name. */
function factsOf({ provenance }: FinishedRun): Facts {
  const record = provenance ?? {}
  const [code, backend, machine] = [record.code, record.backend, record.machine].map((part) =>
    isJsonObject(part) ? part : {},
  ) as [Record<string, unknown>, Record<string, unknown>, Record<string, unknown>]
  const resumed = Array.isArray(record.resumed) ? record.resumed.length : 0
  const texts: Record<string, string | null> = {
    'git commit': text(code.commit)?.slice(0, DIGITS) ?? (code.reason ? `none: ${code.reason}` : null),
    'uncommitted changes':
      Array.isArray(code.changed) && code.changed.length > 0 ? names(code.changed.map(String)) : null,
    'sources that decide numbers': text(code.hash)?.slice(0, DIGITS) ?? null,
    'data set': text(record.dataHash)?.slice(0, DIGITS) ?? null,
    command: commandText(record.command),
    started: text(record.date),
    resumed: resumed > 0 ? (resumed === 1 ? 'once' : `${resumed} times`) : null,
    recurlab: text(record.recurlab),
    node: text(record.node),
    backend: backend.name ? `${backend.name}${backend.libraryVersion ? ` ${backend.libraryVersion}` : ''}` : null,
    threads: text(backend.threads),
    processor: text(machine.cpu),
    cores: text(machine.cores),
    memory: typeof machine.memoryBytes === 'number' ? `${(machine.memoryBytes / 2 ** 30).toFixed(1)} GiB` : null,
    'operating system': machine.os ? `${machine.os} ${machine.arch ?? ''}`.trim() : null,
    'machine (hash of its name)': text(machine.host),
    'package lock': text(record.lockHash)?.slice(0, DIGITS) ?? null,
  }
  return Object.fromEntries(Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== null))
}

function text(value: unknown): string | null {
  return value === undefined || value === null ? null : String(value)
}

/** Returns a command line without the folder of the program, which names its owner. */
function commandText(command: unknown): string | null {
  if (!Array.isArray(command) || command.length === 0) return null
  const [program, ...words] = command.map(String)
  return [path.basename(program!).replace(/\.m?js$/, ''), ...words].join(' ')
}

/** Returns sentences on differences between the codes of the runs, and from the code that makes the report. */
function codeNotes(all: readonly FinishedRun[]): string[] {
  const files = all.map(({ provenance }) => (isJsonObject(provenance?.code) ? provenance.code.files : null))
  const known = files.filter(isJsonObject)
  const differing = [...new Set(known.flatMap(Object.keys))].filter(
    (name) => new Set(known.map((one) => one[name] ?? null)).size > 1,
  )
  const between = differing.length > 0 ? [`The runs were made by different code: ${names(differing.sort())}.`] : []
  const here = otherCodes(all.flatMap(({ id, provenance }) => (provenance ? [{ id, provenance }] : [])))
  return [...between, ...(here === null ? [] : [`Compared with the code that wrote this report, ${here}.`])]
}

function names(all: readonly string[]): string {
  const more = all.length - NAMED
  return `${all.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
