import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { SOURCES } from '../../lib/storage/fetch/sources.js'
import { presets } from '../../lib/tasks/presets.js'

test('every fetched data set is built under the name that a paper preset looks for, as data/README.md has it', () => {
  const wanted = new Set(Object.values(presets).map(({ config }) => config.data))
  const page = readFileSync(new URL('../../data/README.md', import.meta.url), 'utf8')
  for (const [name, source] of Object.entries(SOURCES)) {
    const command = source.build(`data/${name}`)
    const out = / out=(\S+)$/.exec(command)?.[1]
    assert.ok(wanted.has(out), `${name}: ${out}`)
    assert.ok(page.includes(`npx ${command}\n`), command)
  }
})

test('a folder with a space or a quote in its name is quoted for the shell', () => {
  assert.match(SOURCES['maze-hard'].build('my data'), / csv='my data\/train\.csv' testCsv='my data\/test\.csv' /)
  assert.match(SOURCES['arc-agi-1'].build("it's"), / dir='it'\\''s' /)
})
