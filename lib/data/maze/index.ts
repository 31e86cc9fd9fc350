export { maze } from './build.js'
export { type MazeOptions, mazeOptions } from './options.js'
export { isShortestPath, type SolvedMaze, solveMaze } from './solve.js'
export { drawMaze } from './tokens.js'
