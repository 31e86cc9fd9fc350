import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reloadText } from '../../lib/kernel/cells/reload-text.js'

const files = (count: number, name: string): string[] => Array.from({ length: count }, (_, i) => `lib/${name}${i}.ts`)

test('what was reloaded is one short line: edited modules by name, those that import them counted', () => {
  assert.equal(reloadText(['lib/x.ts'], ['lib/x.ts']), 'Reloaded lib/x.ts')
  assert.equal(reloadText(['lib/x.ts', 'lib/a.ts'], ['lib/x.ts']), 'Reloaded lib/x.ts and lib/a.ts, which imports it')
  const one = reloadText(['lib/x.ts', ...files(12, 'a')], ['lib/x.ts'])
  assert.equal(one, 'Reloaded lib/x.ts and 12 modules that import it')
  const two = reloadText(['lib/x.ts', 'lib/y.ts', ...files(12, 'a')], ['lib/x.ts', 'lib/y.ts'])
  assert.equal(two, 'Reloaded lib/x.ts and lib/y.ts, and 12 modules that import them')
  const many = reloadText([...files(90, 'edited'), ...files(100, 'a')], files(90, 'edited'))
  assert.equal(
    many,
    'Reloaded lib/edited0.ts, lib/edited1.ts, lib/edited2.ts and 87 more, and 100 modules that import them',
  )
})
