// Imported first: without a listener, SIGUSR1 opens Node's debugger to every user of this machine.
process.on('SIGUSR1', () => {
  if (process.listenerCount('SIGUSR1') === 1) process.exit(128 + 10)
})
