import type { Grid } from '../../data/dataset.js'

/** Two attempts at each test input of each task, in task order. */
export type Submission = readonly {
  readonly task: string
  readonly inputs: readonly { readonly attempt_1: Grid; readonly attempt_2: Grid }[]
}[]

/** Returns a submission in Kaggle's format: `{"TASK": [{"attempt_1": [[…]], "attempt_2": [[…]]}, …], …}`. */
export function submissionText(submission: Submission): string {
  // Written entry by entry: in an object, a task with a numeric name would change its place.
  const entries = submission.map(({ task, inputs }) => `${JSON.stringify(task)}: ${JSON.stringify(inputs)}`)
  return `{${entries.join(', ')}}\n`
}
