import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { root } from '../shared.js'

/** Returns the digests of rollouts that a process of its own computes. */
async function digests(env: NodeJS.ProcessEnv, batches: readonly number[]): Promise<Record<string, string>> {
  const script = `require('./lib/typescript/hook.mjs').registerTypeScript(process.cwd())
    const { digestsOfRollouts } = require('./tests/think/digest.ts')
    digestsOfRollouts(${JSON.stringify(batches)}).then((digests) => console.log(JSON.stringify(digests)))`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=commonjs', '-e', script], {
    cwd: root,
    env: { ...process.env, ...env },
  })
  return JSON.parse(stdout) as Record<string, string>
}

/** The digests without the batch in their names: one for each mixer and type if the batch has no influence. */
function withoutBatch(digests: Record<string, string>): string[] {
  return [...new Set(Object.entries(digests).map(([name, digest]) => `${name.replace(/ \d+$/, '')} ${digest}`))].sort()
}

for (const [way, env] of [
  ['the fused kernels', {}],
  ['plain operations', { RECURLAB_FAST: '0' }],
] as const)
  test(`with ${way} rollouts are equal bit for bit whatever the number of threads and the batch`, async () => {
    const one = await digests({ ...env, RECURLAB_THREADS: '1' }, [100, 4])
    assert.equal(Object.keys(one).length, 8)
    assert.equal(withoutBatch(one).length, 4)
    assert.deepEqual(withoutBatch(await digests({ ...env, RECURLAB_THREADS: '2' }, [7])), withoutBatch(one))
  })
