import { configSchema } from '../../config/schema.js'
import { escapeHtml } from '../../notebook/html.js'
import { ConfigComparison } from '../../results/config-comparison.js'
import type { Runs } from '../compare/runs.js'
import { paragraphs, type Section, table } from './html.js'

/** Returns the keys in which the configurations differ, and those that they share. */
export function configurationSection({ all }: Runs): Section {
  const comparison = new ConfigComparison(all)
  const keys = comparison.keys.filter((key) => key !== 'seed')
  const [first] = all
  const rows = new Map<string, Record<string, unknown>>()
  for (const run of all) {
    const values = Object.fromEntries(keys.map((key) => [key, comparison.value(run, key)]))
    const id = JSON.stringify(values)
    const row = rows.get(id) ?? { ...values, seeds: [] }
    ;(row.seeds as number[]).push(run.config.seed)
    rows.set(id, row)
  }
  const differences = [...rows.values()].map((row) => ({ ...row, seeds: (row.seeds as number[]).join(', ') }))
  const shared = Object.keys(configSchema.shape)
    .filter((key) => !comparison.keys.includes(key) && first !== undefined)
    .map((key) => ({ key, value: comparison.value(first!, key) }))
    .filter(({ value }) => value !== null)
    .map(({ key, value }) => ({ key, value: String(value) }))
  const html =
    first === undefined
      ? '<p>None yet.</p>'
      : [
          keys.length === 0
            ? paragraphs('The runs differ in nothing but their seeds.')
            : table(differences, { titles: Object.fromEntries(keys.map((key) => [key, key])) }),
          '<h3>Shared by all runs</h3>',
          `<dl class="keys">${shared.map(({ key, value }) => `<div><dt>${escapeHtml(key)}</dt><dd>${escapeHtml(value)}</dd></div>`).join('')}</dl>`,
        ].join('\n')
  return { id: 'configuration', title: 'Differences of configuration', html }
}
