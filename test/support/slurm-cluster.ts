import { existsSync } from "node:fs";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { hostname, totalmem } from "node:os";
import { runCommand, type CommandResult } from "../../scripts/test-services/run-command.ts";
import { slurmProgram, slurmTools } from "../../scripts/test-services/slurm.ts";
import { freePort } from "./free-port.ts";
import { OwnProcess } from "./own-process.ts";
import { tempFolder } from "./temp-folder.ts";
import { until } from "./until.ts";

/** A Slurm of a test's own: a controller, and nodes n1, n2 … that are all this machine. */
export interface SlurmCluster extends AsyncDisposable {
  /** What its programs need to find it. */
  readonly env: { SLURM_CONF: string };
  /** Runs one of its programs to its end: "squeue", "sbatch" … */
  run(name: string, args?: string[], timeoutMs?: number): Promise<CommandResult>;
}

/** What is missing for a Slurm here. */
export const slurmMissing = await slurmTools();

const CPUS = 2;
const PATIENCE = { timeoutMs: 60_000, everyMs: 50 };

/** Starts one with so many nodes. */
export async function slurmCluster(nodes = 2): Promise<SlurmCluster> {
  if (slurmMissing !== undefined) throw new Error(slurmMissing);
  const stack = new AsyncDisposableStack();
  try {
    const folder = stack.use(await tempFolder());
    const names = Array.from({ length: nodes }, (_, at) => `n${at + 1}`);
    for (const name of ["munge", "run", "state", "log", ...names.map((one) => `spool/${one}`)]) {
      await mkdir(folder.file(name), { recursive: true });
    }
    await chmod(folder.path, 0o755); // munge wants everybody to reach its socket
    await chmod(folder.file("munge"), 0o700);
    await writeFile(folder.file("munge/key"), crypto.getRandomValues(new Uint8Array(128)), {
      mode: 0o600,
    });
    const conf = folder.file("slurm.conf");
    await writeFile(conf, await configuration(folder.path, names));
    const cluster: SlurmCluster = {
      env: { SLURM_CONF: conf },
      run: (name, args = [], timeoutMs = 60_000) =>
        runCommand([programOf(name), ...args], { env: { SLURM_CONF: conf }, timeoutMs }),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
    await startDaemons(stack, folder.path, names);
    stack.defer(() => endJobs(cluster));
    await until(async () => (await cluster.run("sinfo", IDLE)).stdout.trim() === `${nodes}`, {
      ...PATIENCE,
      what: "all nodes of Slurm to be idle",
    });
    return cluster;
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const IDLE = ["--noheader", "--states=idle", "--format=%D"];

async function startDaemons(
  stack: AsyncDisposableStack,
  folder: string,
  names: readonly string[],
): Promise<void> {
  const start = (command: [string, ...string[]]): OwnProcess => {
    const own = stack.use(new OwnProcess([programOf(command[0]), ...command.slice(1)]));
    own.start();
    return own;
  };
  const munge = `${folder}/munge`;
  start([
    "munged",
    "--foreground",
    "--force",
    `--key-file=${munge}/key`,
    `--socket=${folder}/run/munge.sock`,
    `--pid-file=${munge}/pid`,
    `--log-file=${munge}/log`,
    `--seed-file=${munge}/seed`,
  ]);
  // Its pid file is there before anybody can ask it.
  await until(() => existsSync(`${folder}/run/munge.sock`), { ...PATIENCE, what: "munged" });
  start(["slurmctld", "-D", "-c", "-f", `${folder}/slurm.conf`]);
  for (const name of names) start(["slurmd", "-D", "-N", name, "-f", `${folder}/slurm.conf`]);
}

/** Nothing of a job may outlive its test. */
async function endJobs(cluster: SlurmCluster): Promise<void> {
  await cluster.run("scancel", ["--user=root"]);
  const isEmpty = async (): Promise<boolean> =>
    (await cluster.run("squeue", ["--noheader"])).stdout.trim() === "";
  await until(isEmpty, { ...PATIENCE, what: "the end of all jobs" });
}

function programOf(name: string): string {
  const program = slurmProgram(name);
  if (program === undefined) throw new Error(`Cannot find ${name}`);
  return program;
}

async function configuration(folder: string, names: readonly string[]): Promise<string> {
  const host = hostname().split(".")[0];
  const memoryMb = Math.floor(totalmem() / 1024 / 1024 / 1.2);
  const lines = [
    "ClusterName=test",
    `SlurmctldHost=${host}(127.0.0.1)`,
    `SlurmctldPort=${await freePort()}`,
    "SlurmUser=root",
    "SlurmdUser=root",
    `AuthInfo=socket=${folder}/run/munge.sock`,
    `StateSaveLocation=${folder}/state`,
    `SlurmdSpoolDir=${folder}/spool/%n`,
    `SlurmctldPidFile=${folder}/run/slurmctld.pid`,
    `SlurmdPidFile=${folder}/run/slurmd-%n.pid`,
    `SlurmctldLogFile=${folder}/log/slurmctld.log`,
    `SlurmdLogFile=${folder}/log/slurmd-%n.log`,
    "ProctrackType=proctrack/linuxproc",
    "TaskPlugin=task/none",
    "JobAcctGatherType=jobacct_gather/none",
    "MpiDefault=none",
    "SelectType=select/cons_tres",
    "SelectTypeParameters=CR_CPU",
    "SchedulerType=sched/backfill",
    "SchedulerParameters=bf_interval=1",
    "SlurmdParameters=config_overrides",
    "ReturnToService=2",
    "KillWait=20",
    "MinJobAge=60",
    "PropagateResourceLimits=NONE",
  ];
  for (const name of names) {
    const port = await freePort();
    const where = `NodeHostname=${host} NodeAddr=127.0.0.1 Port=${port}`;
    lines.push(`NodeName=${name} ${where} CPUs=${CPUS} RealMemory=${memoryMb}`);
  }
  lines.push(`PartitionName=main Nodes=${names.join(",")} Default=YES MaxTime=INFINITE State=UP`);
  return `${lines.join("\n")}\n`;
}
