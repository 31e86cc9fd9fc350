import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { openHistory } from '../lib/kernel/server/history-file.js'
import { jupyterEnvironment } from '../lib/notebook/environment.js'
import { root } from './shared.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'recurlab-private-'))
after(() => rmSync(folder, { recursive: true, force: true }))

/** The permissions on a file for everyone but its owner. */
const rightsOfOthers = (file: string): number => statSync(file).mode & 0o077

/** A checkout that has the sources of set-up only, in which `keepPrivate` is run as set-up and the lab do. */
function kept(name: string, prepare: (state: string) => void): string {
  const checkout = path.join(folder, name)
  cpSync(path.join(root, 'lib', 'setup'), path.join(checkout, 'lib', 'setup'), { recursive: true })
  const state = path.join(checkout, '.recurlab')
  prepare(state)
  const module = path.join(checkout, 'lib', 'setup', 'private.mjs')
  execFileSync('sh', [
    '-c',
    'umask 022; exec "$@"',
    'sh',
    process.execPath,
    '-e',
    `import('${module}').then((m) => m.keepPrivate())`,
  ])
  return state
}

test('set-up makes .recurlab a folder that only its owner enters, and narrows one that others could', () => {
  const made = kept('new', () => {})
  const narrowed = kept('old', (state) => {
    mkdirSync(path.join(state, 'jupyter', 'runtime'), { recursive: true })
    for (const each of [state, path.join(state, 'jupyter'), path.join(state, 'jupyter', 'runtime')])
      chmodSync(each, 0o775)
  })
  for (const state of [made, narrowed])
    for (const name of ['.', 'jupyter', 'jupyter/runtime', 'history'])
      assert.equal(rightsOfOthers(path.join(state, name)), 0, `${state}/${name}`)
})

test("Jupyter's folders, in which tokens and keys lie, are the owner's alone, an old one too", () => {
  const { JUPYTER_RUNTIME_DIR: runtime } = jupyterEnvironment()
  const before = statSync(runtime!).mode
  chmodSync(runtime!, 0o755)
  try {
    jupyterEnvironment()
    assert.equal(rightsOfOthers(runtime!), 0)
  } finally {
    chmodSync(runtime!, before & 0o700)
  }
})

test('what was entered in cells is kept in files of the owner alone', () => {
  const history = path.join(folder, 'history')
  openHistory(history).addInput(1, 'secret')
  assert.equal(rightsOfOthers(history), 0)
  for (const name of readdirSync(history)) assert.equal(rightsOfOthers(path.join(history, name)), 0)
})

test("where .recurlab is another user's, lists still come and the reason of the slower backend is said", {
  skip: process.getuid?.() !== 0 && 'only root can play two users',
}, () => {
  const home = path.join(folder, 'home')
  mkdirSync(home)
  chmodSync(folder, 0o755)
  chmodSync(home, 0o777)
  const as = ['--reuid=65534', '--regid=65534', '--clear-groups', 'env', `HOME=${home}`, process.execPath]
  const state = path.join(root, '.recurlab')
  const before = statSync(state).mode
  chmodSync(state, 0o700)
  try {
    const program = path.join(root, 'lib/cli/recurlab.mjs')
    const run = (...args: string[]): string =>
      execFileSync('setpriv', [...as, program, ...args], { cwd: home, encoding: 'utf8' })
    assert.match(run('runs', `out=${home}`), /^No runs in/)
    const doctor = execFileSync('sh', ['-c', '"$@" || true', 'sh', 'setpriv', ...as, program, 'doctor', '--json'], {
      cwd: home,
      encoding: 'utf8',
    })
    assert.match(doctor, /not tfjs-node: [^;]*\.recurlab belongs to another user/)
  } finally {
    chmodSync(state, before & 0o777)
  }
})
