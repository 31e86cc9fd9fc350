// Loaded before a program (NODE_OPTIONS=--import=…): lets its processes die at moments that RECURLAB_TEST_KILL names; see `Kill` in victim.ts.
import { appendFileSync, openSync as claim } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'
import { isMainThread, Worker } from 'node:worker_threads'

/** @type {import('./victim.js').Orders | null} */
const orders = isMainThread && process.env.RECURLAB_TEST_KILL ? JSON.parse(process.env.RECURLAB_TEST_KILL) : null
if (orders) obey(orders)

/** @param {import('./victim.js').Orders} orders */
function obey({ folder, program, kills, count }) {
  const isProgram = basename(process.argv[1] ?? '') === program
  const isWorker = process.argv[2] === 'sweep' && process.argv[3] === 'work'
  const mine = kills.filter(({ who }) => isProgram && who === (isWorker ? 'worker' : 'main'))
  for (const { ms, mark } of mine)
    if (ms !== undefined) {
      const code = `setTimeout(() => { try { require('node:fs').openSync(${JSON.stringify(mark)}, 'wx') } catch { return } process.kill(process.pid, 'SIGKILL') }, ${ms})`
      new Worker(code, { eval: true, execArgv: [], env: {} }).unref()
    }
  const byOperation = mine.filter(({ operation }) => operation !== undefined)
  if (byOperation.length > 0 || count) countOperations(folder, byOperation, isProgram && !isWorker ? count : undefined)
}

/**
 * @param {string} folder
 * @param {readonly import('./victim.js').Kill[]} kills
 * @param {string | undefined} count
 */
function countOperations(folder, kills, count) {
  const fs = createRequire(import.meta.url)('node:fs')
  const real = { ...fs }
  /** @type {Set<number>} */
  const open = new Set()
  let operations = 0
  /** @param {() => void} [half] */
  const next = (half) => {
    operations++
    for (const { operation, signal, mark } of kills) {
      if (operation !== operations) continue
      try {
        real.closeSync(claim(mark, 'wx'))
      } catch {
        continue
      }
      if (signal !== undefined) {
        // In a later turn of the event loop, which goes on until the signal has come.
        setTimeout(() => process.kill(process.pid, signal), 20)
        setTimeout(() => {}, 100)
        continue
      }
      if (operation % 2 === 1) half?.()
      process.kill(process.pid, 'SIGKILL')
    }
  }
  /** @param {unknown} file */
  const isInside = (file) => String(file).startsWith(folder)
  for (const name of ['renameSync', 'linkSync', 'rmSync', 'mkdirSync', 'unlinkSync'])
    fs[name] = (/** @type {unknown[]} */ ...args) => {
      if (isInside(args[0])) next()
      return real[name](...args)
    }
  fs.openSync = (/** @type {unknown[]} */ ...args) => {
    const writes = isInside(args[0]) && args[1] !== 'r' && args[1] !== undefined
    if (writes) next()
    const fd = real.openSync(...args)
    if (writes) open.add(fd)
    return fd
  }
  fs.writeSync = (/** @type {any[]} */ fd, /** @type {any[]} */ ...args) => {
    const [bytes, from = 0, length, at] = args
    // An odd operation is cut in the middle.
    const half = () => {
      if (typeof bytes === 'string') real.writeSync(fd, bytes.slice(0, bytes.length >> 1))
      else real.writeSync(fd, bytes, from, (length ?? bytes.length - from) >> 1, at)
    }
    if (open.has(fd)) next(half)
    return real.writeSync(fd, ...args)
  }
  for (const name of ['fsyncSync', 'ftruncateSync'])
    fs[name] = (/** @type {any} */ fd, /** @type {unknown[]} */ ...args) => {
      if (open.has(fd)) next()
      return real[name](fd, ...args)
    }
  fs.closeSync = (/** @type {any} */ fd) => {
    if (open.delete(fd)) next()
    return real.closeSync(fd)
  }
  syncBuiltinESMExports()
  if (count) process.once('exit', () => appendFileSync(count, `${operations}\n`))
}
