/** Reports a fault of the notebook kernel on stderr, which Jupyter logs. */
export function reportFault(error: unknown): void {
  process.stderr.write(`recurlab kernel: ${error instanceof Error ? error.message : String(error)}\n`)
}

/** Does the work; a fault in it is reported and does not end the kernel. */
export function guarded(work: () => void): void {
  try {
    work()
  } catch (error) {
    reportFault(error)
  }
}
