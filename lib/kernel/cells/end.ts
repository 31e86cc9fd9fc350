/** Ends this process and everything that cells have started, at once: the process leads a group of its own. */
export function endWithChildren(): void {
  process.kill(-process.pid, 'SIGKILL')
}
