import assert from 'node:assert/strict'
import { test } from 'node:test'
import { statisticsAsked } from '../lib/cli/runs-statistics.js'
import { formatAsked, formatted } from '../lib/cli/table-format.js'
import { UserError } from '../lib/errors.js'
import { estimate } from '../lib/statistics/estimate.js'

const flags = (...names: string[]): ReadonlyMap<string, true> => new Map(names.map((name) => [name, true]))
const wrong = (message: RegExp) => (error: unknown) =>
  error instanceof UserError && error.exitCode === 2 && message.test(error.message)

test('a command line asks for one format of a table', () => {
  assert.equal(formatAsked(flags()), null)
  assert.equal(formatAsked(flags('json')), null)
  assert.equal(formatAsked(flags('latex')), 'latex')
  assert.throws(() => formatAsked(flags('latex', 'csv')), wrong(/one format, found --latex and --csv/))
  assert.throws(() => formatAsked(flags('markdown', 'json')), wrong(/found --markdown and --json/))
})

test('a format of recurlab runs needs --summary', () => {
  assert.equal(statisticsAsked(flags('summary', 'csv'), {})?.format, 'csv')
  assert.throws(() => statisticsAsked(flags('latex'), {}), wrong(/--summary beside --latex, found none/))
  const compare = new Map<string, string | true>([
    ['compare', 'a,b'],
    ['csv', true],
  ])
  assert.throws(() => statisticsAsked(compare, {}), wrong(/--summary beside --csv/))
})

test('each format prints the same digits', () => {
  const rows = [{ mixer: 'mlp', e: estimate([97.7, 94.3, 97.7]) }]
  assert.match(formatted(rows, 'latex'), /\\num\{96\.6 \\pm 4\.9\}[\s\S]*\\end\{table\}$/)
  assert.match(formatted(rows, 'markdown'), /\| mlp \| 96\.6 ± 4\.9 \|/)
  assert.equal(formatted(rows, 'csv'), 'mixer,e,e ±\r\nmlp,96.6,4.9')
})
