import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, afterEach, test } from 'node:test'
import { projectFolder } from '../../lib/files/places.js'
import { currentCode } from '../../lib/results/code.js'
import { otherCode, otherCodes } from '../../lib/results/other-code.js'
import { packageVersions } from '../../lib/results/provenance.js'
import { type LoadedModule, runningSources } from '../../lib/results/sources.js'

const folders: string[] = []
after(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })))

const LOADED = Symbol.for('recurlab.modules')
afterEach(() => void Reflect.deleteProperty(globalThis, LOADED))

const gitIn = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
    encoding: 'utf8',
  })

const MODEL = 'lib/model/trm.ts'
const FILES = {
  [MODEL]: 'export const one = 1\nexport const two = 2\n',
  'lib/train/step.ts': 'export const lr = 1\n',
  'lib/plot/line.ts': 'export const colour = 1\n',
  'notebooks/a.ipynb': '{}\n',
}

function temporary(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-code-'))
  folders.push(folder)
  return folder
}

/** A small project, committed where `git` says so. */
function project({ git = true, files = FILES }: { git?: boolean; files?: Record<string, string> } = {}): string {
  const folder = temporary()
  for (const [file, text] of Object.entries(files)) write(folder, file, text)
  if (!git) return folder
  gitIn(folder, 'init', '-q')
  gitIn(folder, 'config', 'core.autocrlf', 'false')
  gitIn(folder, 'add', '.')
  gitIn(folder, 'commit', '-qm', 'all')
  return folder
}

function write(folder: string, file: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
  writeFileSync(path.join(folder, file), text)
}

/** The folder under another name, to be edited: a process reads its sources once. */
function copyOf(folder: string): string {
  const copy = temporary()
  cpSync(folder, copy, { recursive: true })
  return copy
}

test('the record of the code names the sources that decide numbers, whatever else differs from the commit', () => {
  const folder = project()
  write(folder, 'notebooks/a.ipynb', '{"cells": []}\n')
  write(folder, 'lib/plot/line.ts', 'export const colour = 2\n')
  const { record, diff } = currentCode(folder)
  assert.equal(record.commit, gitIn(folder, 'rev-parse', 'HEAD').trim())
  assert.deepEqual([record.changed, diff], [[], ''])
  assert.deepEqual(Object.keys(record.files), [MODEL, 'lib/train/step.ts'])
  assert.ok(gitIn(folder, 'rev-parse', `HEAD:${MODEL}`).startsWith(record.files[MODEL]!))
  assert.match(record.hash, /^[0-9a-f]{64}$/)
})

test('edited, new and deleted sources are named, and their diff takes the commit to what ran', () => {
  const folder = project()
  const { hash } = currentCode(folder).record
  const edited = copyOf(folder)
  write(edited, MODEL, 'export const one = 1\nexport const two = 3\n')
  write(edited, 'lib/model/new.ts', 'export const more = "é"\n')
  rmSync(path.join(edited, 'lib/train/step.ts'))
  const { record, diff } = currentCode(edited)
  assert.notEqual(record.hash, hash)
  assert.deepEqual(record.changed, ['lib/model/new.ts', MODEL, 'lib/train/step.ts'])
  const clone = copyOf(folder)
  writeFileSync(path.join(clone, 'code.diff'), diff)
  gitIn(clone, 'apply', 'code.diff')
  assert.equal(currentCode(clone).record.hash, record.hash)
})

test('line ends make no difference, in the working tree or in the commit', () => {
  const crlf = Object.fromEntries(Object.entries(FILES).map(([file, text]) => [file, text.replaceAll('\n', '\r\n')]))
  const [unix, windows] = [project(), project({ files: crlf })]
  assert.equal(currentCode(windows).record.hash, currentCode(unix).record.hash)
  assert.deepEqual(currentCode(windows).record.changed, [])
  const mixed = copyOf(unix)
  write(mixed, MODEL, crlf[MODEL]!)
  assert.deepEqual(currentCode(mixed).record.changed, [])
})

test('without a commit the sources are named all the same, and the reason is given', () => {
  const bare = currentCode(project({ git: false }))
  assert.equal(bare.record.commit, null)
  assert.match(bare.record.reason ?? '', /not a git repository/)
  assert.deepEqual([bare.record.changed, bare.diff, bare.record.hash], [null, '', currentCode(project()).record.hash])
  const outer = project()
  cpSync(path.join(outer, 'lib'), path.join(outer, 'inner/lib'), { recursive: true })
  assert.match(currentCode(path.join(outer, 'inner')).record.reason ?? '', /inside another git checkout/)
  const { PATH } = process.env
  try {
    process.env.PATH = '/nowhere'
    assert.equal(currentCode(project({ git: false })).record.reason, 'git is not installed')
  } finally {
    process.env.PATH = PATH
  }
})

test('a run does not fail where its diff cannot be had: the reason takes its place', () => {
  const edited = copyOf(project())
  write(edited, MODEL, 'export const one = 7\n')
  const blob = gitIn(edited, 'rev-parse', `HEAD:${MODEL}`).trim()
  rmSync(path.join(edited, '.git/objects', blob.slice(0, 2), blob.slice(2)))
  const { record, diff } = currentCode(edited)
  assert.deepEqual(record.changed, [MODEL])
  assert.match(diff, /^# no diff: .+\n$/)
  const other = copyOf(project())
  write(other, MODEL, 'export const one = 8\n')
  const { TMPDIR } = process.env
  try {
    process.env.TMPDIR = '/nowhere'
    assert.match(
      currentCode(other).diff,
      /^# no diff: TMPDIR: expected a writable folder, found \/nowhere \(ENOENT\).*\n$/,
    )
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
  }
})

test('a diff that is too long is cut at the end of a line, and says so', () => {
  const edited = copyOf(project())
  write(edited, MODEL, 'export const one = 1\n'.repeat(20_000))
  const { diff } = currentCode(edited)
  assert.ok(Buffer.byteLength(diff) < 2 ** 18 + 100)
  assert.match(diff, /\n# cut: \d+ bytes more\n$/)
})

test('in a notebook the modules that run count, not what their files have become', () => {
  const folder = project()
  const file = path.join(folder, MODEL)
  const run = (text: string): void => {
    const module: LoadedModule = { text: () => text }
    const find = (asked: string) => (asked === file ? module : null)
    Object.defineProperty(globalThis, LOADED, { value: find, configurable: true })
  }
  run(FILES[MODEL])
  const before = currentCode(folder).record
  write(folder, MODEL, 'export const one = 5\n')
  assert.deepEqual(currentCode(folder).record, before)
  run('export const one = 5\n')
  const { record, diff } = currentCode(folder)
  assert.deepEqual(record.changed, [MODEL])
  assert.match(diff, /^\+export const one = 5$/m)
})

const packages = packageVersions()
const made = (id: string, code: unknown, ...resumed: unknown[]) => ({
  id,
  provenance: { code, packages, resumed: resumed.map((one) => ({ code: one, packages })) },
})

test('runs of other code are told, with the sources that differ; so are those that went on with other code', () => {
  const { hash, files } = runningSources()
  const own = { hash, files }
  const other: { hash: string; files: Record<string, string> } = {
    hash: 'x',
    files: { ...files, [MODEL]: '0123456789ab' },
  }
  assert.equal(otherCode(made('a', own, own)), null)
  assert.equal(otherCode(made('a', other)), `run a was made by other code: ${MODEL} differs`)
  const { 'lib/random.ts': _, ...fewer } = other.files
  assert.equal(
    otherCode(made('a', own, { hash: 'y', files: fewer })),
    `run a was made by other code: ${MODEL}, lib/random.ts differ`,
  )
  assert.match(otherCode(made('a', { hash: 'z', files: {} })) ?? '', / and \d+ more differ$/)
  assert.equal(otherCode(made('a', undefined)), 'run a was made by other code: its record does not say which')
  const computed = { ...packages, '@tensorflow/tfjs-core': '4.0.0', plotly: '1' }
  assert.equal(
    otherCode({ id: 'a', provenance: { code: own, packages: computed } }),
    'run a was made by other code: @tensorflow/tfjs-core differs',
  )
  assert.equal(
    otherCodes([made('a', other), made('b', other), made('c', own)]),
    `2 stored runs were made by other code: ${MODEL} differs`,
  )
})

/** Modules that a run goes through without an effect on its numbers: they show, store, list, ask or estimate. */
const WITHOUT_EFFECT = [
  'lib/config/data-keys.ts',
  'lib/config/glossary.ts',
  'lib/config/paper-settings.ts',
  'lib/config/recorded.ts',
  'lib/options/nearest.ts',
  'lib/options/options.ts',
  'lib/config/schema.ts',
  'lib/errors.ts',
  'lib/escape/',
  'lib/experiment/estimate/',
  'lib/experiment/run/evaluate-run.ts',
  'lib/experiment/run/outside.ts',
  'lib/experiment/run/stop.ts',
  'lib/files/',
  'lib/notebook/',
  'lib/recursion/pseudocode.ts',
  'lib/results/',
  'lib/setup/',
  'lib/statistics/',
  'lib/tasks/downloads.ts',
  'lib/tasks/look.ts',
  'lib/tasks/posed.ts',
  'lib/tasks/symbols.ts',
]
/** Files of a task's folder without effect: a run's configuration holds its preset's values, its data the downloaded files. */
const OF_TASKS_WITHOUT_EFFECT = /^lib\/tasks\/.*\/(?:downloads|presets|pose)\.ts$/

test('every module that a run goes through decides its numbers, or is known not to', () => {
  const { files } = runningSources()
  const reached = new Set<string>()
  const pending = ['begin', 'reopen', 'session'].map((name) => `lib/experiment/run/${name}.ts`)
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    const module = file
    if (reached.has(module) || WITHOUT_EFFECT.some((one) => module.startsWith(one))) continue
    if (OF_TASKS_WITHOUT_EFFECT.test(module)) continue
    reached.add(module)
    const text = readFileSync(path.join(projectFolder, module), 'utf8')
    for (const [, specifier] of text.matchAll(/^(?:import|export) (?!type )[^'"]*?from '(\.[^']+)'/gm))
      pending.push(path.posix.join(path.posix.dirname(module), specifier!.replace(/\.js$/, '.ts')))
  }
  assert.ok(reached.size > 70, String(reached.size))
  assert.deepEqual(
    [...reached].filter((file) => !Object.hasOwn(files, file)),
    [],
  )
})
