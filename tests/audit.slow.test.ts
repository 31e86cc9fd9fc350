import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { auditCode, auditText } from '../lib/cli/audit/audit.js'
import { auditNpm, type NpmLock } from '../lib/cli/audit/npm.js'
import { auditPython, lockedPackages } from '../lib/cli/audit/python.js'
import { NEVER_LOADED } from '../lib/cli/audit/reach.js'
import { recurlab } from './recurlab.js'
import { root } from './shared.js'

const folder = mkdtempSync(path.join(tmpdir(), 'recurlab-audit-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const { packages: lock } = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
  packages: NpmLock
}

/** A registry on this machine: npm's question about packages, and the Python index's pages of releases. */
async function registry(answers: {
  npm?: object
  python?: Readonly<Record<string, unknown>>
}): Promise<{ server: Server; asked: string[]; environment: NodeJS.ProcessEnv }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    request.resume().on('end', () => {
      const name = /^\/pypi\/([^/]+)\//.exec(request.url ?? '')?.[1]
      const isNpm = name === undefined && request.method === 'POST'
      const answer = isNpm ? answers.npm : name && answers.python && { vulnerabilities: answers.python[name] ?? [] }
      response.writeHead(answer ? 200 : 405, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer ?? {}))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  after(() => server.close())
  const { port } = server.address() as { port: number }
  const address = `http://127.0.0.1:${port}`
  return {
    server,
    asked,
    environment: { ...process.env, npm_config_registry: `${address}/`, PIP_INDEX_URL: `${address}/simple` },
  }
}

const advisory = {
  id: 1,
  url: 'https://example.org/advisories/GHSA-aaaa',
  title: 'Writes outside',
  severity: 'high',
  vulnerable_versions: '<999.0.0',
  cwe: [],
  cvss: { score: 8 },
}

test('an audit lists what is known against the locked packages, and whether Recurlab reaches them', async () => {
  const python = {
    jupyterlab: [
      {
        id: 'PYSEC-1',
        aliases: ['CVE-1'],
        summary: 'Shows the token',
        fixed_in: ['999.0'],
        link: 'https://example.org/1',
        withdrawn: null,
      },
      { id: 'PYSEC-2', withdrawn: '2026-01-01' },
    ],
  }
  const { environment, asked } = await registry({ npm: { tar: [advisory], 'fast-check': [advisory] }, python })
  const answers = [await auditNpm(environment), await auditPython(environment)]
  const found = answers.flatMap(({ advisories }) =>
    advisories.map((each) => [each.package, each.severity, each.advisory, each.reached]),
  )
  assert.deepEqual(found.sort(), [
    ['fast-check', 'high', 'GHSA-aaaa', 'in tests and checks only'],
    ['jupyterlab', null, 'PYSEC-1, CVE-1', 'by JupyterLab, nbconvert and figures, in .venv'],
    ['tar', 'high', 'GHSA-aaaa', 'installed, never loaded, with @tensorflow/tfjs-node'],
  ])
  assert.deepEqual(
    answers.map(({ problem }) => problem),
    [null, null],
  )
  assert.equal(auditCode(answers), 1)
  assert.match(auditText(answers), /jupyterlab +\S+ +not given +PYSEC-1, CVE-1 +999\.0/)
  const releases = asked.filter((line) => line.startsWith('GET /pypi/'))
  assert.equal(
    releases.length,
    lockedPackages('requirements.txt').length +
      lockedPackages('native-cpu.txt').length +
      lockedPackages('native-gpu.txt').length -
      1,
  )
})

test('nothing known is exit code 0', async () => {
  const { environment } = await registry({ npm: {}, python: {} })
  const answers = [await auditNpm(environment), await auditPython(environment)]
  assert.equal(auditCode(answers), 0, auditText(answers))
  assert.match(
    auditText(answers),
    /^npm: nothing known against \d+ locked packages\.\nPython: nothing known against \d+ locked packages\.\n$/,
  )
})

test('a registry that does not answer is said, asked once, and is exit code 69', async () => {
  const { environment, asked } = await registry({})
  const { code, stdout } = await recurlab(['doctor', '--audit'], { env: environment })
  assert.equal(code, 69)
  assert.match(stdout, /^npm: could not be asked about all of \d+ locked packages: .*405/m)
  assert.match(stdout, /^Python: could not be asked .*: 0 of \d+ packages were answered for \(HTTP status 405\)/m)
  assert.equal(asked.filter((line) => line.startsWith('GET /pypi/')).length, 1)
  const { code: again, stdout: json } = await recurlab(['doctor', '--audit', '--json'], {
    env: { ...environment, PIP_INDEX_URL: 'http://127.0.0.1:9/simple', npm_config_registry: 'http://127.0.0.1:9/' },
  })
  assert.equal(again, 69)
  assert.deepEqual(
    (JSON.parse(json) as { registry: string; advisories: [] }[]).map((each) => [each.registry, each.advisories]),
    [
      ['npm', []],
      ['Python', []],
    ],
  )
})

test('the packages that are said never to be loaded are installed, and not loaded', () => {
  for (const name of NEVER_LOADED)
    assert.ok(
      Object.keys(lock).some((node) => node.endsWith(`node_modules/${name}`)),
      name,
    )
  const hook = path.join(folder, 'hook.cjs')
  const list = path.join(folder, 'loaded')
  writeFileSync(
    hook,
    `process.on('exit', () => require('node:fs').appendFileSync(${JSON.stringify(list)}, Object.keys(require.cache).join('\\n') + '\\n'))`,
  )
  const tiny = [
    'T=1',
    'n=1',
    'hidden=16',
    'K=2',
    'testPuzzles=4',
    'trainPuzzles=8',
    'trainSteps=2',
    'evalEvery=2',
    'batch=4',
  ]
  const env = { ...process.env, NODE_OPTIONS: `--require ${hook}` }
  for (const words of [['doctor'], ['train', 'sudoku-pocket', ...tiny]]) {
    const { status, stderr } = spawnSync(process.execPath, [path.join(root, 'lib/cli/recurlab.mjs'), ...words], {
      cwd: folder,
      env,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
  }
  const loaded = readFileSync(list, 'utf8')
  assert.match(loaded, /node_modules\/@tensorflow\/tfjs-node\//)
  for (const name of NEVER_LOADED) assert.ok(!loaded.includes(`node_modules/${name}/`), name)
})
