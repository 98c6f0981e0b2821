import { installPackages } from "./debian.ts";

/** Debian's Slurm: the controller, the daemon of nodes, what users call; and munge, by which they know each other. */
const PACKAGES = ["slurm-wlm", "munge"];
const PROGRAMS = ["munged", "slurmctld", "slurmd", "srun", "sbatch", "scancel", "scontrol"];

let found: Promise<string | undefined> | undefined;

/** What is missing for a Slurm on this machine, after having tried to install it; undefined if nothing is. */
export function slurmTools(): Promise<string | undefined> {
  found ??= find();
  return found;
}

/** Where a program of Slurm is: Debian has the daemons in /usr/sbin, which is not in everybody's path. */
export function slurmProgram(name: string): string | undefined {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  return Bun.which(name, { PATH: path }) ?? undefined;
}

async function find(): Promise<string | undefined> {
  // Jobs run as whoever asks for them, which only root may let happen.
  if (process.getuid?.() !== 0) return "root, for Slurm";
  if (lacking().length === 0) return undefined;
  const problem = await installPackages(PACKAGES);
  return lacking().length === 0 ? undefined : `${lacking().join(", ")}: ${problem ?? "not found"}`;
}

function lacking(): string[] {
  return PROGRAMS.filter((name) => slurmProgram(name) === undefined);
}
