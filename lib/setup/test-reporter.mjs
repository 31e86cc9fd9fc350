import path from 'node:path'
import { inspect } from 'node:util'

/** Number of files whose time is shown. */
const SHOWN = 20

/**
 * @typedef {{ type: string, data: { name?: string, message?: string, file?: string, line?: number, skip?: string | boolean,
 *   nesting?: number, details?: { type?: string, duration_ms?: number, error?: { cause?: unknown, failureType?: string } } } }} TestEvent
 */

/**
 * Counts of a test made of trials.
 *
 * @typedef {{ file: string, name: string, cases: number, tried: number, held: number }} Trials
 */

/**
 * Reports failures in full, skipped tests with their reason, the slowest files, the name of each failed test once more, and the counts as the
 * very last line.
 *
 * @param {AsyncIterable<TestEvent>} events
 */
export default async function* report(events) {
  let passed = 0
  /** File and name of each failed test. @type {string[]} */
  const failed = []
  /** Milliseconds of the tests of each file. @type {Map<string, number>} */
  const files = new Map()
  /** @type {string[]} */
  const skipped = []
  /** @type {Trials[]} */
  const trials = []
  for await (const { type, data } of events) {
    if (type === 'test:stderr' || type === 'test:stdout') {
      yield data.message ?? ''
      continue
    }
    if (type === 'test:diagnostic' && data.message?.startsWith('trials ')) {
      trials.push({
        file: path.relative(process.cwd(), data.file ?? ''),
        ...JSON.parse(data.message.slice('trials '.length)),
      })
      continue
    }
    if (type !== 'test:pass' && type !== 'test:fail') continue
    const { name = '', details = {}, skip } = data
    // Several files of unit tests share a process: each is a suite named after the file.
    const shared = details.type === 'suite' && name.endsWith('.test.ts')
    const file = shared ? name : path.relative(process.cwd(), data.file ?? name)
    const isEmpty = shared && !files.has(file)
    if (!files.has(file)) yield `${file}\n`
    // A parent's time includes that of its children.
    const own = data.nesting === 0 ? (details.duration_ms ?? 0) : 0
    files.set(file, (files.get(file) ?? 0) + own)
    if (type === 'test:fail') {
      // A parent fails with its children, which are reported one by one.
      if (details.error?.failureType === 'subtestsFailed') continue
      const place = `${file}${data.line ? `:${data.line}` : ''}`
      failed.push(`  ${place}: ${name}`)
      yield `\nFAILED ${place}\n  ${name}\n${indent(describe(details.error))}\n\n`
    } else if (isEmpty) {
      failed.push(`  ${file}: there is no test in this file`)
      process.exitCode = 1
      yield `\nFAILED ${file}\n  there is no test in this file\n\n`
    } else if (details.type === 'suite') {
      // Its tests are counted one by one.
    } else if (path.resolve(name) === path.resolve(data.file ?? '')) {
      // Node reports the file itself if it contains no test.
      failed.push(`  ${file}: there is no test in this file`)
      process.exitCode = 1
      yield `\nFAILED ${file}\n  there is no test in this file\n\n`
    } else if (skip !== undefined && skip !== false) {
      skipped.push(`  ${file}: ${name}${typeof skip === 'string' ? ` (${skip})` : ''}`)
    } else passed++
  }
  if (skipped.length > 0) yield `\n${skipped.length} skipped:\n${skipped.join('\n')}\n`
  if (trials.length > 0) yield table(trials)
  if (files.size > SHOWN) yield slowest(files)
  if (failed.length > 0) yield `\n${failed.length} failed:\n${failed.join('\n')}\n`
  yield `\n${passed} passed, ${failed.length} failed\n`
}

/** @param {readonly Trials[]} trials */
function table(trials) {
  const sorted = [...trials].sort((a, b) => (a.file + a.name < b.file + b.name ? -1 : 1))
  /** @param {(row: Trials) => number} count */
  const sum = (count) => trials.reduce((total, row) => total + count(row), 0)
  const total = {
    file: '',
    name: 'all',
    cases: sum((r) => r.cases),
    tried: sum((r) => r.tried),
    held: sum((r) => r.held),
  }
  const lines = [...sorted, total].map(
    ({ name, cases, tried, held }) => `  ${[cases, tried, held].map((n) => String(n).padStart(7)).join('')}  ${name}`,
  )
  return `\nTrials:\n    cases  tried   held  test\n${lines.join('\n')}\n`
}

/** @param {ReadonlyMap<string, number>} files */
function slowest(files) {
  const sorted = [...files].sort(([, a], [, b]) => b - a).slice(0, SHOWN)
  const lines = sorted.map(([file, ms]) => `  ${(ms / 1000).toFixed(1).padStart(6)} s  ${file}`)
  return `\nThe ${SHOWN} slowest of ${files.size} files:\n${lines.join('\n')}\n`
}

/** @param {{ cause?: unknown } | undefined} error */
function describe(error) {
  const cause = error?.cause ?? error
  return cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause)
}

/** @param {string} text */
function indent(text) {
  return text.replace(/^/gm, '    ')
}
