import type { Command } from './command.js'

/** Every command by name; loaded only when asked for, so that `--help` and wrong use answer at once. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  data: async () => (await import('./commands/data.js')).command,
  train: async () => (await import('./commands/train.js')).command,
  resume: async () => (await import('./commands/resume.js')).command,
  eval: async () => (await import('./commands/eval.js')).command,
  solve: async () => (await import('./commands/solve.js')).command,
  runs: async () => (await import('./commands/runs.js')).command,
  import: async () => (await import('./commands/import.js')).command,
  export: async () => (await import('./commands/export.js')).command,
  bench: async () => (await import('./commands/bench.js')).command,
  parity: async () => (await import('./commands/parity.js')).command,
  reported: async () => (await import('./commands/reported.js')).command,
  run: async () => (await import('./commands/run.js')).command,
  doctor: async () => (await import('./commands/doctor.js')).command,
}
