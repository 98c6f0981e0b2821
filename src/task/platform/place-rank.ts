import { DingError } from "../../core/errors.ts";
import type { PlatformSpec, SpecTask } from "./platform-spec.ts";
import type { Ranks } from "./environment.ts";

/** What a launch was told beside its platform; this goes before all else. Undefined is not told. */
export interface GivenPlace {
  parallelWorkers?: number | undefined;
  topology?: "alone" | "mesh" | "star" | undefined;
  address?: string | undefined;
  /** One is the first of a row, of all ranks on the same host. */
  ports?: readonly number[] | undefined;
  /** As many as there are workers here, or as all ranks have together; one is the first of this launch's row. */
  nodeIds?: readonly number[] | undefined;
  attachTo?: readonly string[] | undefined;
  labels?: readonly string[] | undefined;
  /** There is a broker: nobody attaches to anybody. */
  isBrokered?: boolean | undefined;
}

/** Where a launch stands, and to whom it attaches. */
export interface Place {
  parallelWorkers: number;
  topology: "alone" | "mesh" | "star";
  address: string;
  /** One for each worker. */
  ports: number[];
  nodeIds: number[];
  /** "tcp://HOST:PORT" */
  attachTo: string[];
  labels: string[];
  /** How many nodes all launches have together, if they are to be joined and the platform tells. */
  expectNodes: number | undefined;
}

/** All that is needed to know where each rank stands. */
export interface PlaceRankOptions extends Ranks {
  given: GivenPlace;
  spec?: PlatformSpec | undefined;
  /** The first port of a host, if nobody says otherwise. */
  basePort: number;
  /** The same for hosts that are one machine, which share its ports; default the host's own name. */
  machineOf?: ((host: string) => string) | undefined;
}

/** The place of this rank, and with it of all before it: each of them finds the same. Throws `usage.invalid-option`. */
export function placeRank(options: PlaceRankOptions): Place {
  const { rank, given, spec } = options;
  if (spec && spec.tasks.length <= rank) {
    throw invalid(`--platform-spec has ${spec.tasks.length} tasks, and this is rank ${rank}`, {
      hint: "It needs one for each rank.",
    });
  }
  const own = placeOf(options, rank, given.address);
  const { topology = "alone" } = given;
  return {
    parallelWorkers: own.workers,
    topology,
    address: own.address,
    ports: own.ports,
    nodeIds: own.nodeIds,
    attachTo: attachOf(options, topology),
    labels: [...new Set([...(given.labels ?? []), ...(taskOf(options, rank).labels ?? [])])],
    expectNodes: topology === "alone" && !given.isBrokered ? undefined : allWorkers(options),
  };
}

/** Where the workers of a rank listen, and who they are. */
interface Spot {
  address: string;
  ports: number[];
  nodeIds: number[];
  workers: number;
}

function placeOf(options: PlaceRankOptions, rank: number, address?: string): Spot {
  const workers = workersOf(options, rank);
  return {
    address: address ?? taskOf(options, rank).address ?? hostOf(options, rank),
    ports: portsOf(options, rank, workers),
    nodeIds: nodeIdsOf(options, rank, workers),
    workers,
  };
}

function workersOf(options: PlaceRankOptions, rank: number): number {
  return options.given.parallelWorkers ?? taskOf(options, rank).parallelWorkers ?? 1;
}

function allWorkers(options: PlaceRankOptions): number | undefined {
  const { count } = options;
  if (count === undefined) return undefined;
  return Array.from({ length: count }, (_, rank) => workersOf(options, rank)).reduce(sum, 0);
}

function sum(total: number, one: number): number {
  return total + one;
}

function portsOf(options: PlaceRankOptions, rank: number, workers: number): number[] {
  const { given, basePort } = options;
  if (given.ports && given.ports.length > 1) return counted(given.ports, workers, "ports");
  const said = given.ports ? undefined : taskOf(options, rank).ports;
  if (said) return row(said, workers, "ports");
  const first = given.ports?.[0] ?? basePort;
  // 0 is any free port: nobody can know which.
  if (first === 0) return Array<number>(workers).fill(0);
  return row([first + workersBefore(options, rank)], workers, "ports");
}

/** How many ports of the same machine are those of earlier ranks. */
function workersBefore(options: PlaceRankOptions, rank: number): number {
  const { machineOf = (host) => host } = options;
  const machine = machineOf(hostOf(options, rank));
  const neighbours = Array.from({ length: rank }, (_, at) => at).filter(
    (at) => machineOf(hostOf(options, at)) === machine,
  );
  return neighbours.map((at) => workersOf(options, at)).reduce(sum, 0);
}

function nodeIdsOf(options: PlaceRankOptions, rank: number, workers: number): number[] {
  const { given, hosts } = options;
  const before = Array.from({ length: rank }, (_, at) => workersOf(options, at));
  const first = before.reduce(sum, 0);
  const all = given.nodeIds;
  if (all && all.length > workers && all.length >= hosts.length * workers) {
    return all.slice(first, first + workers);
  }
  return row(all ?? taskOf(options, rank).nodeIds ?? [first], workers, "node-ids");
}

function attachOf(options: PlaceRankOptions, topology: Place["topology"]): string[] {
  const { given, rank } = options;
  const said = given.attachTo ?? taskOf(options, rank).attachTo;
  if (said) return said.map((one) => addressed(options, one));
  if (given.isBrokered || rank === 0 || topology === "alone") return [];
  const others = topology === "star" ? [0] : Array.from({ length: rank }, (_, at) => at);
  return others.flatMap((other) => urlsOf(placeOf(options, other)));
}

function urlsOf({ address, ports }: Spot): string[] {
  const host = address.includes(":") ? `[${address}]` : address;
  return ports.map((port) => `tcp://${host}:${port}`);
}

/** `$node.10` is where that node listens. */
function addressed(options: PlaceRankOptions, target: string): string {
  const [, id] = /^\$node\.(\d+)$/.exec(target) ?? [];
  if (id === undefined) return target;
  // Those behind this rank are known too, if the platform names them.
  for (let rank = 0; rank < options.hosts.length; rank++) {
    if (options.spec && rank >= options.spec.tasks.length) break;
    const { given, ...rest } = options;
    // What this launch was told of itself says nothing of the others.
    const others = { ...given, nodeIds: undefined };
    const spot = placeOf({ ...rest, given: others }, rank);
    const at = spot.nodeIds.indexOf(Number(id));
    const url = at < 0 ? undefined : urlsOf(spot)[at];
    if (url !== undefined) return url;
  }
  throw invalid(`no node has the id of "${target}"`, {
    hint: "Look at the node_ids of --platform-spec.",
  });
}

function taskOf({ spec }: PlaceRankOptions, rank: number): SpecTask {
  return spec?.tasks[rank] ?? {};
}

function hostOf({ hosts }: PlaceRankOptions, rank: number): string {
  const host = hosts[rank];
  if (host === undefined) throw invalid(`there is no host for rank ${rank}`, {});
  return host;
}

/** One number is the first of a row. */
function row(numbers: readonly number[], count: number, what: string): number[] {
  const [first = 0] = numbers;
  if (numbers.length !== 1) return counted(numbers, count, what);
  return Array.from({ length: count }, (_, at) => first + at);
}

function counted(numbers: readonly number[], count: number, what: string): number[] {
  if (numbers.length === count) return [...numbers];
  throw invalid(`--${what} has ${numbers.length} numbers for ${count} workers`, {
    hint: "Pass one for each, or only the first.",
  });
}

function invalid(why: string, options: { hint?: string }): DingError {
  return new DingError("usage.invalid-option", `Cannot place this launch: ${why}`, options);
}
