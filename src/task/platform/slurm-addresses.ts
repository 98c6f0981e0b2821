import { execFile } from "node:child_process";
import { lookup } from "node:dns/promises";
import { within } from "../../core/wait.ts";

/** A name service that does not answer is taken for one that does not know. */
const LOOKUP_MS = 3_000;
const SCONTROL_MS = 5_000;
/** More names than this are not looked up: a cluster of this size has a name service. */
const MOST_LOOKUPS = 256;

/** How nodes are reached. */
export interface NodeAddress {
  /** What others dial: the node's name where that resolves. */
  address: string;
  /** The same for nodes that are one machine. */
  machine: string;
}

/** Where the names are known. */
export interface AddressSources {
  /** The IP address of a name; rejects where there is none. */
  resolve: (name: string) => Promise<string>;
  /** What the controller knows of these nodes: `scontrol -o show node`; rejects where it is not to be had. */
  scontrol: (names: readonly string[]) => Promise<string>;
}

/** This machine's name service, and its controller. */
export const SYSTEM_SOURCES: AddressSources = {
  resolve: async (name) => (await within(lookup(name), LOOKUP_MS, "the name service")).address,
  scontrol: (names) =>
    new Promise((resolve, reject) => {
      execFile(
        "scontrol",
        ["--oneliner", "show", "node", names.join(",")],
        { timeout: SCONTROL_MS, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout) => (error ? reject(error) : resolve(stdout)),
      );
    }),
};

/**
 * How each of these Slurm nodes is reached: by its name, or, where that does not resolve, by the address that the
 * controller has for it; by the name if nobody knows better. Several nodes may be one machine, as in a test.
 */
export async function slurmAddresses(
  nodes: readonly string[],
  { resolve, scontrol }: AddressSources = SYSTEM_SOURCES,
): Promise<Map<string, NodeAddress>> {
  const names = [...new Set(nodes)];
  if (names.length > MOST_LOOKUPS) return new Map(names.map((name) => [name, known(name)]));
  const ips = await Promise.all(names.map((name) => resolve(name).catch(() => undefined)));
  const unknown = names.filter((_, at) => ips[at] === undefined);
  const told =
    unknown.length === 0
      ? new Map<string, string>()
      : addressesIn(await scontrol(unknown).catch(() => ""));
  return new Map(
    names.map((name, at) => {
      const ip = ips[at];
      const address = told.get(name);
      if (ip !== undefined) return [name, { address: name, machine: ip }];
      return [name, address === undefined ? known(name) : { address, machine: address }];
    }),
  );
}

function known(name: string): NodeAddress {
  return { address: name, machine: name };
}

/** NodeName=n1 … NodeAddr=10.0.0.1 …, a line for each. */
function addressesIn(text: string): Map<string, string> {
  const lines = text.split("\n").flatMap((line) => {
    const [, name] = /\bNodeName=(\S+)/.exec(line) ?? [];
    const [, address] = /\bNodeAddr=(\S+)/.exec(line) ?? [];
    return name === undefined || address === undefined ? [] : [[name, address] as const];
  });
  return new Map(lines);
}
