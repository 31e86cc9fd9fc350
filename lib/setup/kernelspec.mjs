import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { inRoot } from './paths.mjs'
import { writeJson } from './stamp.mjs'

const file = inRoot('.venv', 'share', 'jupyter', 'kernels', 'recurlab', 'kernel.json')

/** How Jupyter starts the kernel: with the Node that set this up. */
export function kernelspec() {
  return {
    argv: [process.execPath, path.join(inRoot('lib', 'kernel'), 'recurlab-kernel.mjs'), '{connection_file}'],
    display_name: 'TypeScript (Recurlab)',
    language: 'typescript',
    interrupt_mode: 'message',
  }
}

/** Whether `.venv` knows the kernel as it is now. */
export function kernelspecIsReady() {
  return existsSync(file) && readFileSync(file, 'utf8') === `${JSON.stringify(kernelspec(), null, 2)}\n`
}

/** Registers the kernel `recurlab` in `.venv`, nowhere else. */
export function registerKernel() {
  writeJson(file, kernelspec())
}
