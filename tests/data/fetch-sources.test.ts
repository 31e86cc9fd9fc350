import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { buildCommand, sources } from '../../lib/storage/fetch/sources.js'
import { presets } from '../../lib/tasks/presets.js'
import { findTask } from '../../lib/tasks/registry.js'

test('every fetched data set is built under the name that a paper preset looks for, as data/README.md has it', () => {
  const wanted = new Set(Object.values(presets).map(({ config }) => config.data))
  const page = readFileSync(new URL('../../data/README.md', import.meta.url), 'utf8')
  for (const source of sources()) {
    const { name } = source
    const command = buildCommand(source, `data/${name}`)
    const out = / out=(\S+)$/.exec(command)?.[1]
    assert.ok(wanted.has(out), `${name}: ${out}`)
    assert.ok(page.includes(`npx ${command}\n`), command)
  }
})

function built(name: string, dir: string): string {
  return buildCommand(sources().find((source) => source.name === name)!, dir)
}

test('the downloads of every task can be fetched, each under a name of its own', () => {
  const names = sources().map(({ name }) => name)
  assert.deepEqual(names, ['sudoku-extreme', 'maze-hard', 'arc-agi-1', 'arc-agi-2'])
  for (const { name, task } of sources()) assert.ok(Object.hasOwn(findTask(task)!.downloads!, name))
})

test('a folder with a space or a quote in its name is quoted for the shell', () => {
  assert.match(built('maze-hard', 'my data'), / csv='my data\/train\.csv' testCsv='my data\/test\.csv' /)
  assert.match(built('arc-agi-1', "it's"), / dir='it'\\''s' /)
})
