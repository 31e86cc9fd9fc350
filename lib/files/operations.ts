import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { makePrivateFolder, openPrivate } from './permissions.js'

/** All file operations that Recurlab performs. Tests replace them to make the N-th operation fail; nothing else may. */
export const fileOperations = {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  mkdirSync: makePrivateFolder,
  openSync: openPrivate,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
}
