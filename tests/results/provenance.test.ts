import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { sha256 } from '../../lib/files/atomic.js'
import { codeVersion, collectProvenance } from '../../lib/results/provenance.js'
import { temporaryFolder } from './fixture.js'

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

test('the commit is that of the checkout, with a flag for changes; elsewhere the reason is given', () => {
  const folder = temporaryFolder()
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      encoding: 'utf8',
    })
  assert.match(JSON.stringify(codeVersion(folder)), /"commit":null,"reason":".*not a git repository/)
  git('init', '-q')
  writeFileSync(path.join(folder, 'a'), '1')
  git('add', 'a')
  git('commit', '-qm', 'a')
  const commit = git('rev-parse', 'HEAD').trim()
  assert.deepEqual(codeVersion(folder), { commit, dirty: false })
  writeFileSync(path.join(folder, 'a'), '2')
  assert.deepEqual(codeVersion(folder), { commit, dirty: true })
  mkdirSync(path.join(folder, 'inner'))
  assert.match(JSON.stringify(codeVersion(path.join(folder, 'inner'))), /checkout of something else/)
})
