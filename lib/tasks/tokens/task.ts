import type { Task } from '../task.js'

/** A published data set of another task: its tokens have numbers and no meaning that is known here. */
export const tokensTask: Task = { name: 'tokens', title: 'a data set of tokens', builder: null }
