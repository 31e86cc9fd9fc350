import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type TestContext, test } from 'node:test'
import { bareCheckout, root, runNode, temporaryFolder } from './setup-helpers.js'

interface Locked {
  readonly version?: string
  readonly integrity?: string
  readonly link?: boolean
  readonly os?: readonly string[]
}

test('every npm package that this machine installs has a checksum in the lock file, and none its address', () => {
  const { packages } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Readonly<Record<string, Locked & { resolved?: string }>>
  }
  for (const [name, { integrity, os, resolved }] of Object.entries(packages)) {
    assert.equal(resolved, undefined, name)
    if (name !== '' && existsSync(path.join(root, name))) assert.match(integrity ?? '', /^sha512-/, `${name} ${os}`)
  }
})

/** An npm package with an install script, and a checkout that wants it by a checksum. */
function withPackage(t: TestContext, integrity: (bytes: Buffer) => string): { folder: string; ran: string } {
  const folder = bareCheckout(t)
  const made = temporaryFolder(t)
  const ran = path.join(made, 'ran')
  mkdirSync(path.join(made, 'package'))
  const scripts = { install: `touch ${ran}`, postinstall: `touch ${ran}` }
  writeFileSync(path.join(made, 'package', 'package.json'), JSON.stringify({ name: 'a', version: '1.0.0', scripts }))
  const file = path.join(made, 'a.tgz')
  execFileSync('tar', ['-czf', file, '-C', made, 'package'])
  const dependencies = { a: `file:${file}` }
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name: 'recurlab', version: '0.1.0', dependencies }))
  const a = {
    version: '1.0.0',
    resolved: `file:${file}`,
    integrity: integrity(readFileSync(file)),
    hasInstallScript: true,
  }
  const packages = { '': { name: 'recurlab', version: '0.1.0', dependencies }, 'node_modules/a': a }
  writeFileSync(
    path.join(folder, 'package-lock.json'),
    JSON.stringify({ name: 'recurlab', version: '0.1.0', lockfileVersion: 3, requires: true, packages }),
  )
  rmSync(path.join(folder, 'node_modules'))
  return { folder, ran }
}

/** Sets up the npm packages of a checkout alone: without Python there is nothing else. */
const installed = (folder: string): ReturnType<typeof runNode> =>
  runNode(folder, [
    '--input-type=module',
    '-e',
    `import(${JSON.stringify(path.join(folder, 'lib/setup/packages.mjs'))}).then((m) => m.installPackages())`,
  ])

const sha512 = (bytes: Buffer): string => `sha512-${createHash('sha512').update(bytes).digest('base64')}`

test('an npm package with another checksum than the lock file says is refused', (t) => {
  const { folder, ran } = withPackage(t, (bytes) => sha512(Buffer.concat([bytes, Buffer.of(0)])))
  const { status, stderr } = installed(folder)
  assert.notEqual(status, 0)
  assert.match(stderr, /EINTEGRITY/)
  assert.equal(existsSync(path.join(folder, 'node_modules')), false)
  assert.equal(existsSync(ran), false)
})

test('the install scripts of npm packages do not run', (t) => {
  const { folder, ran } = withPackage(t, sha512)
  const { status, stderr } = installed(folder)
  assert.equal(status, 0, stderr)
  assert.ok(existsSync(path.join(folder, 'node_modules', 'a', 'package.json')))
  assert.equal(existsSync(ran), false)
})

test('a wheel with another checksum than set-up pins is refused, that of the native library too', (t) => {
  const folder = bareCheckout(t)
  const wheels = temporaryFolder(t)
  const script = [
    'import sys, zipfile',
    "z = zipfile.ZipFile(sys.argv[1] + '/a-1.0-py3-none-any.whl', 'w')",
    "z.writestr('a.py', '')",
    "z.writestr('a-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: a\\nVersion: 1.0\\n')",
    "z.writestr('a-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')",
    "z.writestr('a-1.0.dist-info/RECORD', '')",
    'z.close()',
  ].join('\n')
  execFileSync('python3', ['-c', script, wheels])
  const pinned = `a==1.0 --hash=sha256:${'0'.repeat(64)}\n`
  for (const list of ['requirements.txt', 'native-cpu.txt']) writeFileSync(path.join(folder, 'lib/setup', list), pinned)
  const environment = { PIP_FIND_LINKS: wheels, PIP_NO_INDEX: '1' }
  const python = runNode(folder, ['lib/setup/main.mjs', 'setup'], environment)
  assert.equal(python.status, 1)
  assert.match(`${python.stdout}${python.stderr}`, /pip could not install the packages of \.venv/)
  assert.match(`${python.stdout}${python.stderr}`, /DO NOT MATCH THE HASHES/)
  const native = runNode(
    folder,
    [
      '--input-type=module',
      '-e',
      `import(${JSON.stringify(path.join(folder, 'lib/setup/libtensorflow.mjs'))}).then((m) => m.installLibraries('cpu'))`,
    ],
    environment,
  )
  assert.notEqual(native.status, 0)
  assert.match(native.stderr, /does not have the checksum that lib\/setup pins, and was discarded/)
  assert.equal(existsSync(path.join(folder, '.recurlab/native/cpu')), false)
})
