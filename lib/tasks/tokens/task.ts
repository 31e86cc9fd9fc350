import type { Task } from '../task.js'

/** A published data set of an unknown task, whose tokens are plain numbers. */
export const tokensTask: Task = { name: 'tokens', title: 'a data set of tokens', builder: null }
