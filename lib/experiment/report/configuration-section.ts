import { configSchema } from '../../config/schema.js'
import { escapeHtml } from '../../escape/html.js'
import type { Cell } from '../../files/arrow-rows.js'
import { ConfigComparison } from '../../results/config-comparison.js'
import type { Runs } from '../compare/runs.js'
import { paragraphs, type Section, table } from './html.js'

/** Returns the keys in which the configurations differ, and those that they share. */
export function configurationSection({ all }: Runs): Section {
  const section = { id: 'configuration', title: 'Differences of configuration' }
  const [first] = all
  if (first === undefined) return { ...section, html: '<p>None yet.</p>' }
  const comparison = new ConfigComparison(all)
  const keys = comparison.keys.filter((key) => key !== 'seed')
  const rows = new Map<string, { readonly values: Record<string, Cell>; readonly seeds: number[] }>()
  for (const run of all) {
    const values = Object.fromEntries(keys.map((key) => [key, comparison.value(run, key)]))
    const id = JSON.stringify(values)
    const row = rows.get(id) ?? { values, seeds: [] }
    row.seeds.push(run.config.seed)
    rows.set(id, row)
  }
  const differences = [...rows.values()].map(({ values, seeds }) => ({ ...values, seeds: seeds.join(', ') }))
  const shared = Object.keys(configSchema.shape).flatMap((key) => {
    const value = comparison.keys.includes(key) ? null : comparison.value(first, key)
    return value === null ? [] : [`<div><dt>${escapeHtml(key)}</dt><dd>${escapeHtml(String(value))}</dd></div>`]
  })
  const html = [
    keys.length === 0
      ? paragraphs('The runs differ in nothing but their seeds.')
      : table(differences, { titles: Object.fromEntries(keys.map((key) => [key, key])) }),
    '<h3>Shared by all runs</h3>',
    `<dl class="keys">${shared.join('')}</dl>`,
  ]
  return { ...section, html: html.join('\n') }
}
