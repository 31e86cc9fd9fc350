import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricGlossary } from '../../lib/evaluate/metric-glossary.js'
import { isShare, metricName, metricText, metricTitle, titledRow } from '../../lib/evaluate/metric-names.js'
import { tableData } from '../../lib/notebook/table.js'
import { formatTable } from '../../lib/results/text.js'

test('a metric has one name and one format wherever people read it', () => {
  const metrics = [
    'test.exact',
    'test.cells',
    'test.haltAccuracy',
    'test.halted',
    'test.pass@2',
    'train.exact',
    'train.loss',
  ]
  assert.deepEqual(metrics.map(metricTitle), [
    'exact accuracy (%)',
    'cell accuracy (%)',
    'halting accuracy (%)',
    'halted (%)',
    'pass@2 (%)',
    'exact accuracy in training (%)',
    'training loss',
  ])
  assert.equal(metricName('my.exact'), 'my.exact')
  assert.equal(metricTitle('best test.exact'), 'best exact accuracy (%)')
  assert.deepEqual(
    [
      metricText('test.exact', 1),
      metricText('test.exact', null),
      metricText('loss', 0.123456),
      metricText('loss', Number.NaN),
    ],
    ['100.0 %', '–', '0.1235', 'NaN'],
  )
  assert.deepEqual(titledRow({ step: 3, 'test.exact': 0.51239, 'test.cells': null, trainSeconds: 12.4, run: 'a' }), {
    step: 3,
    'exact accuracy (%)': 51.2,
    'cell accuracy (%)': null,
    'training (s)': 12,
    run: 'a',
  })
})

test('every metric of the glossary that is a share is shown as one, and no other', () => {
  for (const { metric, unit } of metricGlossary)
    assert.equal(isShare(metric.replace('@k', '@5')), unit === 'share', metric)
})

test('percentages have a decimal in every table, also where all of them are whole', () => {
  const rows = [
    { 'exact accuracy (%)': 96, seed: 1 },
    { 'exact accuracy (%)': null, seed: 2 },
  ]
  assert.match(formatTable(rows), /^ +96\.0 +1$/m)
  assert.match(formatTable(rows), /^ +– +2$/m)
  assert.deepEqual(
    tableData(rows).columns.map(({ decimals }) => decimals),
    [1, 0],
  )
})

test('the glossary has every metric once', () => {
  const names = metricGlossary.map(({ metric }) => metric)
  assert.deepEqual(names, [...new Set(names)])
})
