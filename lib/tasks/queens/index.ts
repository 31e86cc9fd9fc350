export { queens } from './build.js'
export { type QueensOptions, queensOptions } from './options.js'
