import { configGlossary, type GlossaryEntry } from '../config/glossary.js'
import { taskNames } from './registry.js'

/** Returns every key of the configuration with its names elsewhere: one table for help, notebooks and documentation. */
export function glossary(): GlossaryEntry[] {
  const tasks = taskNames().join(', ')
  return configGlossary().map((entry) => (entry.key === 'task' ? { ...entry, type: tasks } : entry))
}
