import { createCalls } from './calls.js'
import { Cells } from './cells.js'
import { serve } from './main.js'

/** Starts the compiler without a snapshot. It reads TypeScript and its libraries first, which takes a second. */
export function start(): void {
  serve(({ root, cwd, salt }) => createCalls(root, new Cells(root, cwd), salt))
}
