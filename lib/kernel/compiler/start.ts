import { createCalls } from './calls.js'
import { Cells } from './cells.js'
import { serve } from './main.js'

/** Starts the compiler without a snapshot. TypeScript and its libraries are read first, which takes a second. */
export function start(): void {
  serve(({ root, cwd, salt }) => createCalls(root, new Cells(root, cwd), salt))
}
