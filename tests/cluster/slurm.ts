import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Programs of Debian's slurm-wlm and munge, and where daemons are. */
const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol', 'scancel', 'srun'] as const
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

/** A Slurm of one node on the loopback. */
export interface Cluster {
  readonly node: string
  /** Runs a command of Slurm and returns what it prints. */
  run(command: string, ...args: string[]): Promise<string>
  /** Stops the controller, which saves its state, and starts it again. */
  restartController(): Promise<void>
  /** Kills the daemon of the node and all that its jobs run, as a loss of power does, and waits until Slurm has given it up. */
  loseNode(): Promise<void>
  /** Starts the daemon of a lost node again. */
  returnNode(): Promise<void>
  /** Ends all daemons and their jobs. */
  stop(): Promise<void>
}

/** Returns why no Slurm can be started here; null when one can. */
function noSlurm(): string | null {
  if (process.getuid?.() !== 0) return 'only root can start a Slurm'
  const missing = PROGRAMS.filter((name) => !PATH.split(':').some((dir) => existsSync(path.join(dir, name))))
  return missing.length > 0 ? `not installed: ${missing.join(', ')} (Debian's slurm-wlm and munge)` : null
}

/** Starts a Slurm in a folder that other users may enter. @returns the cluster, or why there is none: a container may forbid it */
export async function startedSlurm(folder: string, options: { nodeTimeout?: number } = {}): Promise<Cluster | string> {
  const reason = noSlurm()
  if (reason !== null) return reason
  chmodSync(folder, 0o755)
  try {
    return await startSlurm(folder, 4, options)
  } catch (error) {
    return `Slurm does not start here: ${error}`
  }
}

/**
 * Starts munged, slurmctld and slurmd.
 *
 * @param cpus cores that the node claims to have
 * @param nodeTimeout seconds after which a node that is silent is given up; default: 300
 */
async function startSlurm(folder: string, cpus: number, { nodeTimeout = 300 }): Promise<Cluster> {
  const node = os.hostname().split('.')[0]!
  const [controllerPort, nodePort] = [await freePort(), await freePort()]
  const conf = path.join(folder, 'slurm.conf')
  const munge = path.join(folder, 'munge')
  for (const name of ['state', 'spool', 'log', 'munge']) mkdirSync(path.join(folder, name))
  writeFileSync(conf, configuration({ folder, node, controllerPort, nodePort, cpus, nodeTimeout }))
  process.env.SLURM_CONF = conf
  process.env.PATH = PATH

  const log = openSync(path.join(folder, 'log', 'daemons.log'), 'a')
  const start = (name: string, args: string[], ids: { uid?: number; gid?: number } = {}): ChildProcess => {
    const env = { ...process.env, RECURLAB_THREADS: undefined }
    const daemon = spawn(name, args, { stdio: ['ignore', log, log], env, ...ids })
    // Where the others do not start, this one ends with the tests.
    daemon.unref()
    process.once('exit', () => daemon.kill('SIGKILL'))
    return daemon
  }

  const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, 'munge'], { encoding: 'utf8' })))
  const key = path.join(folder, 'munge.key')
  writeFileSync(key, crypto.getRandomValues(new Uint8Array(1024)), { mode: 0o400 })
  for (const file of [key, munge]) chownSync(file, uid!, gid!)
  chmodSync(munge, 0o711)
  const at = (name: string): string => path.join(munge, name)
  const munged = start(
    'munged',
    [
      ...['--foreground', `--key-file=${key}`, `--socket=${at('munge.sock')}`, `--pid-file=${at('munged.pid')}`],
      ...[`--log-file=${at('munged.log')}`, `--seed-file=${at('seed')}`],
    ],
    { uid: uid!, gid: gid! },
  )
  await until('munged', async () => existsSync(at('munge.sock')))
  const startController = (): ChildProcess => start('slurmctld', ['-D', '-f', conf])
  let controller = startController()
  const startNode = (): ChildProcess => start('slurmd', ['-D', '-f', conf, '-N', node])
  let slurmd = startNode()
  const run: Cluster['run'] = async (command, ...args) => (await execute(command, args)).stdout.trim()
  const ready = (): Promise<void> =>
    until('Slurm', async () => (await run('sinfo', '-h', '-o', '%T').catch(() => '')) === 'idle')
  await ready().catch((error) => {
    throw new Error(`${error}\n${readFileSync(path.join(folder, 'log', 'daemons.log'), 'utf8').slice(-3000)}`)
  })
  return {
    node,
    run,
    async restartController() {
      await killed(controller, 'SIGTERM')
      controller = startController()
      await until('the controller', async () => (await run('squeue', '-h').catch(() => null)) !== null)
    },
    async loseNode() {
      await killed(slurmd, 'SIGKILL')
      for (const pid of jobProcesses(conf))
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It ended with another one.
        }
      await until('a node that is given up', async () => (await run('sinfo', '-h', '-o', '%T')).startsWith('down'))
    },
    async returnNode() {
      slurmd = startNode()
      await until('a node that is back', async () => !(await run('sinfo', '-h', '-o', '%T')).startsWith('down'))
    },
    async stop() {
      await run('scancel', '--user=root', '--signal=KILL', '--full').catch(() => '')
      for (const daemon of [slurmd, controller, munged]) await killed(daemon, 'SIGTERM')
    },
  }
}

/** Waits until something holds. @throws Error after `seconds`; default: 4 minutes */
export async function until(what: string, holds: () => Promise<boolean>, seconds = 240): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Returns the processes of a node's jobs, and those of Slurm that watch them. */
function jobProcesses(conf: string): number[] {
  const read = (pid: string, name: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${name}`, 'utf8')
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && read(pid, 'environ').includes(`SLURM_CONF=${conf}`))
    .filter((pid) => read(pid, 'comm').startsWith('slurmstepd') || read(pid, 'environ').includes('SLURM_JOB_ID='))
    .map(Number)
}

async function killed(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  // A controller that is cut off before it has saved its state forgets what it has just cancelled.
  const forced = setTimeout(() => child.kill('SIGKILL'), 60_000)
  await closed
  clearTimeout(forced)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

interface Places {
  readonly folder: string
  readonly node: string
  readonly controllerPort: number
  readonly nodePort: number
  readonly cpus: number
  readonly nodeTimeout: number
}

/** Returns `slurm.conf`. A requeued job waits for `cred_expire`, otherwise two minutes. */
function configuration({ folder, node, controllerPort, nodePort, cpus, nodeTimeout }: Places): string {
  return `ClusterName=recurlab
SlurmctldHost=${node}(127.0.0.1)
SlurmctldPort=${controllerPort}
SlurmdPort=${nodePort}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/munge.sock,cred_expire=5
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/ctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/log/ctld.log
SlurmdLogFile=${folder}/log/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0,bf_interval=2,defer
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
JobRequeue=1
KillWait=10
SlurmdTimeout=${nodeTimeout}
NodeName=${node} NodeAddr=127.0.0.1 CPUs=${cpus} State=UNKNOWN
PartitionName=main Nodes=${node} Default=YES MaxTime=INFINITE State=UP
`
}
