import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../shared.js'

const runtime = path.join(root, '.recurlab', 'jupyter', 'runtime')
const skip = existsSync(path.join(root, '.venv', 'bin', 'jupyter-lab')) ? false : 'there is no .venv (npm run setup)'

/** Returns the addresses on which a process and all that it started listen, as the system writes them. */
function listening(first: number): string[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), parentOf(pid)]),
  )
  const isOurs = (pid: number): boolean => pid === first || (pid > 1 && isOurs(parents.get(pid) ?? 0))
  const processes = [...parents.keys()].filter(isOurs).map(String)
  const sockets = new Set(processes.flatMap((pid) => inodesOf(pid)))
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((protocol) =>
    readFileSync(`/proc/self/net/${protocol}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => (fields[3] === '0A' || protocol.startsWith('udp')) && sockets.has(fields[9] ?? ''))
      .map((fields) => `${protocol} ${fields[1]}`),
  )
}

function parentOf(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ')[1])
  } catch {
    return 0
  }
}

function inodesOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    )
  } catch {
    return []
  }
}

test('npm run lab listens on loopback only, and answers nobody without the token, which only its owner can read', {
  skip,
}, async () => {
  const before = new Set(existsSync(runtime) ? readdirSync(runtime) : [])
  const script = `umask 000; exec "$@"`
  const options = ['lab', '--no-browser', '--allow-root', '--port=18731']
  const lab = spawn('sh', ['-c', script, 'sh', process.execPath, path.join(root, 'lib/setup/main.mjs'), ...options], {
    cwd: root,
    stdio: 'ignore',
    detached: true,
  })
  try {
    let file: string | undefined
    for (let i = 0; i < 600 && file === undefined; i++) {
      await sleep(200)
      file = (existsSync(runtime) ? readdirSync(runtime) : []).find(
        (name) => /^jpserver-\d+\.json$/.test(name) && !before.has(name),
      )
    }
    assert.ok(file, 'JupyterLab did not start')
    const { url, token } = JSON.parse(readFileSync(path.join(runtime, file), 'utf8')) as { url: string; token: string }
    assert.ok(token.length >= 32)
    const ask = async (place: string): Promise<string> => {
      const { status, headers } = await fetch(`${url}${place}`, {
        redirect: 'manual',
        signal: AbortSignal.timeout(60_000),
      })
      return `${status} ${headers.get('location')?.split('?')[0] ?? ''}`.trim()
    }
    assert.equal(await ask(`api/contents?token=${token}`), '200')
    for (const place of [
      'api/contents',
      'api/kernels',
      'api/terminals',
      'api/contents?token=wrong',
      'files/package.json',
    ])
      assert.match(await ask(place), /^(?:403|302 \/login)$/, place)
    const started = await fetch(`${url}api/kernels?token=${token}`, {
      method: 'POST',
      headers: { authorization: `token ${token}` },
    })
    assert.equal(started.status, 201)
    await sleep(3000)
    const open = listening(lab.pid!)
    assert.ok(open.length > 0)
    // 127.0.0.1 and ::1, as the kernel of the system writes them.
    for (const address of open) assert.match(address, / (?:0100007F|0{24}01000000):/, address)
    // Jupyter's page that opens the browser follows the umask; nobody else gets into its folder.
    assert.equal(statSync(runtime).mode & 0o077, 0)
    for (const name of readdirSync(runtime).filter((each) => /^(?:jpserver|kernel)-.*\.json$/.test(each)))
      assert.equal(statSync(path.join(runtime, name)).mode & 0o077, 0, name)
  } finally {
    process.kill(-lab.pid!, 'SIGTERM')
    await Promise.race([once(lab, 'exit'), sleep(20_000)])
  }
})
