import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import { test } from 'node:test'
import { sha256 } from '../../lib/files/atomic.js'
import { collectProvenance } from '../../lib/results/provenance.js'

test('provenance names code, packages, data, backend and machine, and nobody', () => {
  const provenance = collectProvenance({ dataHash: 'd', backend: { name: 'cpu' }, seed: 3, command: ['train'] })
  assert.equal(provenance.lockHash, sha256(readFileSync(new URL('../../package-lock.json', import.meta.url))))
  assert.equal(provenance.packages['apache-arrow'], '21.2.0')
  assert.equal(provenance.node, process.version)
  assert.match(provenance.machine.host, /^[0-9a-f]{12}$/)
  assert.ok(provenance.machine.cores >= 1 && provenance.machine.memoryBytes > 2 ** 28)
  assert.ok(!JSON.stringify(provenance).includes(`"${os.hostname()}"`))
  assert.deepEqual(JSON.parse(JSON.stringify(provenance)), provenance)
})
