import type { GlossaryEntry } from '../config/glossary.js'
import type { KeyGroup } from '../config/key-groups.js'
import { glossary } from '../tasks/glossary.js'
import type { HelpList } from './help.js'

const TITLES: Readonly<Record<KeyGroup, string>> = {
  data: 'Data',
  model: 'Model',
  training: 'Training',
  evaluation: 'Evaluation',
}

/** Returns every key of the configuration with its default and meaning, one list per group. */
export function glossaryBlocks(): HelpList[] {
  const entries = glossary()
  return (Object.keys(TITLES) as KeyGroup[]).map((group) => ({
    title: TITLES[group],
    rows: entries
      .filter((entry) => entry.group === group)
      .map((entry) => [`${entry.key}=${entry.default}`, `${entry.meaning}${symbolWords(entry)}`]),
  }))
}

function symbolWords({ symbol }: GlossaryEntry): string {
  return symbol === '' ? '' : ` In the paper: ${symbol}.`
}

/** Returns a summary as a sentence: capitalised if its first word is an ordinary one, and with a full stop. */
export function sentence(text: string): string {
  const first = /^[a-z]+(?= )/.test(text) ? text.charAt(0).toUpperCase() + text.slice(1) : text
  return first.endsWith('.') ? first : `${first}.`
}
