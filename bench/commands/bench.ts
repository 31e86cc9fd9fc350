import type { CommandGroup } from '../../lib/cli/command.js'

/** `recurlab bench bits|data|kernel|live|memory|plan|scaling|start|sweep|think|wait|train|eval`. */
export const group: CommandGroup = {
  commands: {
    bits: {
      usage: 'bench bits [key=value …]',
      summary: 'Compare equal runs between backends, threads and precisions, bit for bit.',
      load: async () => (await import('./bits.js')).command,
    },
    data: {
      usage: 'bench data [NAME …] [key=value …]',
      summary: 'Measure the speed and memory of building and drawing data.',
      load: async () => (await import('./data.js')).command,
    },
    kernel: {
      usage: 'bench kernel [NAME …] [key=value …]',
      summary: 'Measure the latency of the notebook kernel, against others in the same run.',
      load: async () => (await import('./kernel.js')).command,
    },
    live: {
      usage: 'bench live [key=value …]',
      summary: 'Measure the cost of the progress line and the live curves per training step.',
      load: async () => (await import('./live.js')).command,
    },
    memory: {
      usage: 'bench memory [key=value …]',
      summary: 'Measure whether training leaks memory.',
      load: async () => (await import('./memory.js')).command,
    },
    plan: {
      usage: 'bench plan [key=value …]',
      summary: 'Measure planning, states and coverage of a sweep of 10,000 runs on 500 simulated nodes.',
      load: async () => (await import('./plan.js')).command,
    },
    scaling: {
      usage: 'bench scaling [key=value …]',
      summary: 'Compare the estimates of memory and time with real steps and runs.',
      load: async () => (await import('./scaling.js')).command,
    },
    start: {
      usage: 'bench start [key=value …]',
      summary: 'Measure the start-up time of commands.',
      load: async () => (await import('./start.js')).command,
    },
    sweep: {
      usage: 'bench sweep [key=value …]',
      summary: 'Measure a sweep by two workers against a loop, and PyTorch.',
      load: async () => (await import('./sweep.js')).command,
    },
    think: {
      usage: 'bench think [key=value …]',
      summary: 'Measure rollouts, against PyTorch, eager and compiled, and the cost of recording them.',
      load: async () => (await import('./think.js')).command,
    },
    wait: {
      usage: 'bench wait [key=value …]',
      summary: 'Measure how long a training step waits for its batch.',
      load: async () => (await import('./wait.js')).command,
    },
    train: {
      usage: 'bench train [key=value …]',
      summary: 'Measure a supervision step with its update, against PyTorch, eager and compiled.',
      load: async () => (await import('./torch.js')).trainCommand,
    },
    eval: {
      usage: 'bench eval [key=value …]',
      summary: 'Measure an evaluation, against PyTorch, eager and compiled.',
      load: async () => (await import('./torch.js')).evalCommand,
    },
  },
  help: [],
  example: 'bench memory trainSteps=100',
}
