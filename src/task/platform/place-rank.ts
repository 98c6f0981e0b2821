import { DingError } from "../../core/errors.ts";
import { bracketed } from "../../runtime/url.ts";
import type { PlatformSpec, SpecTask } from "./platform-spec.ts";
import type { Ranks } from "./environment.ts";

/** What a launch was told beside its platform; this goes before all else. Undefined is not told. */
export interface GivenPlace {
  parallelWorkers?: number | undefined;
  /** Default a mesh of several nodes, unless something says whom to attach to; else alone. */
  topology?: "alone" | "mesh" | "star" | undefined;
  address?: string | undefined;
  /** As many as there are workers here, or as all ranks have together; one is the first of a row, of all ranks on the same host. */
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
  /** So many nodes of earlier ranks are on this machine: ports that are counted from one number go on behind theirs. */
  nodesBefore: number;
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
  const topology = given.topology ?? usualTopology(options);
  const attachTo = attachOf(options, topology);
  checkPorts(options, topology);
  const isJoined = given.isBrokered || (topology !== "alone" && !isAttachedByHand(options));
  return {
    parallelWorkers: own.workers,
    topology,
    address: own.address,
    ports: own.ports,
    nodeIds: own.nodeIds,
    attachTo,
    labels: [...new Set([...(given.labels ?? []), ...(taskOf(options, rank).labels ?? [])])],
    expectNodes: isJoined ? allWorkers(options) : undefined,
    nodesBefore: workersBefore(options, rank),
  };
}

/** What a person means who says nothing of it: that several nodes hear each other. */
function usualTopology(options: PlaceRankOptions): "alone" | "mesh" {
  const own = workersOf(options, options.rank);
  const all = isAttachedByHand(options) ? own : (allWorkers(options) ?? own + options.rank);
  return all > 1 ? "mesh" : "alone";
}

/** Then nobody knows whether all launches are to be joined. */
function isAttachedByHand({ spec, given }: PlaceRankOptions): boolean {
  return given.topology === undefined && (spec !== undefined || given.attachTo !== undefined);
}

/** What others are to dial must be known to them. */
function checkPorts(options: PlaceRankOptions, topology: Place["topology"]): void {
  const { given, count = Infinity } = options;
  if (given.ports?.[0] !== 0 || given.isBrokered || topology === "alone" || count === 1) return;
  if (given.attachTo) return;
  throw invalid("--ports 0 is any free port, which the other launches do not know", {
    hint: "Pass the first port of a row that is free on all hosts, such as --ports 20000.",
  });
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
  if (given.ports && given.ports.length > 1) {
    return counted(shareOf(options, given.ports, rank), workers, "ports");
  }
  const told = options.ports?.[rank];
  const said = taskOf(options, rank).ports ?? (told === undefined ? undefined : [told]);
  if (said && !given.ports) return row(said, workers, "ports");
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
  const { nodeIds } = options.given;
  if (nodeIds && new Set(nodeIds).size < nodeIds.length) {
    throw invalid(`--node-ids ${nodeIds.join(",")} has an id twice`, {
      hint: "Each node needs one of its own.",
    });
  }
  if (nodeIds) return row(shareOf(options, nodeIds, rank), workers, "node-ids");
  return row(taskOf(options, rank).nodeIds ?? [firstOf(options, rank)], workers, "node-ids");
}

/** Which of these numbers are this rank's, if there are as many as all ranks need. */
function shareOf(
  options: PlaceRankOptions,
  numbers: readonly number[],
  rank: number,
): readonly number[] {
  const workers = workersOf(options, rank);
  const first = firstOf(options, rank);
  const { count = options.hosts.length } = options;
  const needed = Array.from({ length: count }, (_, at) => workersOf(options, at)).reduce(sum, 0);
  const isForAll = numbers.length > workers && numbers.length >= needed;
  return isForAll ? numbers.slice(first, first + workers) : numbers;
}

/** How many nodes all ranks before this one have. */
function firstOf(options: PlaceRankOptions, rank: number): number {
  return Array.from({ length: rank }, (_, at) => workersOf(options, at)).reduce(sum, 0);
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
  const host = bracketed(address);
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
  const workers = count === 1 ? "1 worker" : `${count} workers`;
  throw invalid(`--${what} has ${numbers.length} numbers for ${workers}`, {
    hint: "Pass one for each, one for each of all launches, or only the first.",
  });
}

function invalid(why: string, options: { hint?: string }): DingError {
  return new DingError("usage.invalid-option", `Cannot place this launch: ${why}`, options);
}
