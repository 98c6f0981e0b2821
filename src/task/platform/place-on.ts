import type { Environment, Ranks } from "./environment.ts";
import { kubernetesRanks } from "./kubernetes-ranks.ts";
import { placeRank, type GivenPlace, type Place, type PlaceRankOptions } from "./place-rank.ts";
import { readPlatformSpec } from "./platform-spec.ts";
import { slurmAddresses, SYSTEM_SOURCES, type AddressSources } from "./slurm-addresses.ts";
import { slurmRanks } from "./slurm-ranks.ts";

/** What starts many launches of one program, and tells each of them where it is. */
export const PLATFORMS = ["k8s", "slurm"] as const;
export type Platform = (typeof PLATFORMS)[number];

const BASE_PORTS: Record<Platform, number> = { k8s: 50_515, slurm: 15_151 };

/** What a launch knows of its platform. */
export interface PlaceOnOptions {
  platform: Platform;
  /** What was said on the command line or elsewhere: it goes before what the platform says. */
  given: GivenPlace;
  /** `--platform-spec`: JSON or the name of a file. */
  spec?: string | undefined;
  env?: Environment | undefined;
  /** Where the addresses of Slurm's nodes are known; default this machine. */
  sources?: AddressSources | undefined;
}

/**
 * Where this launch stands among all that its platform has started. Throws `usage.invalid-option` for an environment
 * or a specification that does not fit.
 */
export async function placeOn(options: PlaceOnOptions): Promise<Place> {
  const { platform, given, spec, env = process.env, sources = SYSTEM_SOURCES } = options;
  const ranks = platform === "slurm" ? slurmRanks(env) : kubernetesRanks(env);
  return placeRank({
    ...(platform === "slurm" ? await onMachines(ranks, sources) : ranks),
    given,
    spec: spec === undefined ? undefined : readPlatformSpec(spec),
    basePort: BASE_PORTS[platform],
  });
}

/** By the addresses of Slurm's nodes, which know their machines. */
async function onMachines(
  { rank, hosts, count }: Ranks,
  sources: AddressSources,
): Promise<Ranks & Pick<PlaceRankOptions, "machineOf">> {
  const addresses = await slurmAddresses(hosts, sources);
  const machines = new Map(
    [...addresses.values()].map(({ address, machine }) => [address, machine]),
  );
  return {
    rank,
    count,
    hosts: hosts.map((host) => addresses.get(host)?.address ?? host),
    machineOf: (host) => machines.get(host) ?? host,
  };
}
