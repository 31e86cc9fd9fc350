import { blankOnly } from '../../data/identifiers.js'
import { symbolLook } from '../look.js'
import { registerTask } from '../registry.js'
import type { Task } from '../task.js'
import { buildDefined } from './build.js'
import { checkDefinition, judged } from './check.js'
import { definedOptions, type TaskDefinition } from './definition.js'
import { symmetriesIn, symmetryGroup } from './group.js'
import { checkSameDefinition } from './open.js'
import { twinsUnder } from './twins.js'

/**
 * Creates a task from its definition and registers it under its name in this process. @throws UserError for an invalid
 * definition.
 */
export function registerDefinition(definition: TaskDefinition): Task {
  const checked = checkDefinition(definition)
  const { name, symbols, rows, columns, judge } = checked
  const group = symmetryGroup(checked)
  const task: Task = {
    name,
    title: `a data set of ${name}`,
    builder: {
      options: definedOptions,
      build: (options, make) => buildDefined(checked, group, options, make),
      example: `train=200 test=300 seed=0 out=data/${name}`,
      keys: { trainPuzzles: 'train', testPuzzles: 'test', dataSeed: 'seed' },
    },
    symbols: () => symbols,
    look: () => symbolLook({ rows, columns }, symbols, checked.blank),
    open(manifest) {
      checkSameDefinition(manifest, checked, group)
      return { augment: group?.augment ?? null, identifiers: blankOnly, testTasks: null }
    },
    augments: group !== null,
    ...(group ? { symmetries: () => symmetriesIn(group) } : {}),
    ...(judge
      ? {
          judge: {
            criteria: { valid: 'the judge of the task accepts the answer' },
            of: () => (question, answer) => ({ valid: judged(checked, question, answer) === true }),
          },
        }
      : {}),
    sameness: {
      byQuestion: true,
      twins: group && 'turned into one another by the symmetries',
      ...(group ? { likeness: () => twinsUnder(group) } : {}),
    },
  }
  registerTask(task)
  return task
}
