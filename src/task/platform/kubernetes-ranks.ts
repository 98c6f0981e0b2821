import { DingError } from "../../core/errors.ts";
import {
  neededVariable,
  variable,
  wholeNumber,
  type Environment,
  type Ranks,
} from "./environment.ts";

const KUBERNETES = {
  platform: "k8s",
  hint: "Start it in a DIJob or an Indexed Job: `ding task manifest --help` shows how.",
};

/**
 * Reads what a DIJob tells its pods (DI_NODES, DI_RANK), or an Indexed Job (JOB_COMPLETION_INDEX; the names of the
 * pods from DI_NODES if it is set, else from HOSTNAME and a headless service, DI_SERVICE or named as the job). A pod
 * that was made again has its place by its name, whatever DI_RANK says. Nodes may be listed with their ports. Throws
 * `usage.invalid-option`.
 */
export function kubernetesRanks(env: Environment): Ranks {
  const nodes = variable(env, ["DI_NODES"]);
  const index = variable(env, ["JOB_COMPLETION_INDEX"]);
  if (nodes === undefined && index !== undefined) return indexedRanks(env, index);
  const list = neededVariable(env, ["DI_NODES", "JOB_COMPLETION_INDEX"], KUBERNETES);
  const listed = list
    .split(",")
    .flatMap((text) => text.trim() || [])
    .map(listedNode);
  const hosts = listed.map(({ host }) => host);
  if (hosts.length === 0) throw misfit(`DI_NODES is "${list}"`, LIST_HINT);
  const name = index === undefined ? "DI_RANK" : "JOB_COMPLETION_INDEX";
  const told = index ?? neededVariable(env, ["DI_RANK"], RANK);
  const rank = rankOf(hosts, wholeNumber(told, name), variable(env, ["HOSTNAME"]));
  if (rank === undefined) {
    const of = hosts.length === 1 ? "1 node" : `${hosts.length} nodes`;
    const hint = `${name} goes from 0 to ${hosts.length - 1}; or the pod has the name of one of DI_NODES.`;
    throw misfit(`${name} is ${told}, but DI_NODES has ${of}`, hint);
  }
  const ports = listed.map(({ port }) => port);
  const hasPorts = ports.some((port) => port !== undefined);
  return { rank, hosts, count: hosts.length, ...(hasPorts && { ports }) };
}

const LIST_HINT = "List all nodes with commas, in the order of their ranks: HOST,HOST:PORT,…";
const RANK = { platform: "k8s", hint: "It is the place of this pod in DI_NODES, from 0." };

/** HOST, HOST:PORT, an address of IPv6 with or without brackets; with a scheme in front or not. */
function listedNode(text: string): { host: string; port: number | undefined } {
  const bare = text.replace(/^[a-z]+:\/\//, "").replace(/\/$/, "");
  const [, host = "", digits] =
    /^([\w.-]+)(?::(\d{1,5}))?$/.exec(bare) ??
    /^\[([\da-f.:]+)\](?::(\d{1,5}))?$/i.exec(bare) ??
    /^([\da-f.]*:[\da-f.]*:[\da-f.:]*)$/i.exec(bare) ??
    [];
  const port = digits === undefined ? undefined : Number(digits);
  if (host !== "" && (port === undefined || (port > 0 && port < 65_536))) return { host, port };
  throw misfit(`"${text}" in DI_NODES is no node`, LIST_HINT);
}

function misfit(why: string, hint: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use --platform k8s: ${why}`, { hint });
}

/** The orchestrator gives a pod that it makes again a rank beyond the last one; its name stays. */
function rankOf(hosts: string[], told: number, pod: string | undefined): number | undefined {
  const isOwn = (host: string | undefined): boolean => host?.split(".")[0] === pod;
  if (told < hosts.length && (pod === undefined || isOwn(hosts[told]))) return told;
  const place = pod === undefined ? -1 : hosts.findIndex(isOwn);
  if (place >= 0) return place;
  return told < hosts.length ? told : undefined;
}

/** The pods before this one are known by their names: more need not be. */
function indexedRanks(env: Environment, index: string): Ranks {
  const rank = wholeNumber(index, "JOB_COMPLETION_INDEX");
  const pod = neededVariable(env, ["HOSTNAME"], KUBERNETES);
  const end = `-${rank}`;
  if (!pod.endsWith(end)) {
    throw misfit(
      `pod "${pod}" has index ${rank}, but not in its name`,
      'Set completionMode: Indexed, and leave hostname out; or set DI_NODES: "POD.SERVICE,…".',
    );
  }
  const job = pod.slice(0, -end.length);
  const service = variable(env, ["DI_SERVICE"]) ?? job;
  const hosts = Array.from({ length: rank + 1 }, (_, at) => `${job}-${at}.${service}`);
  return { rank, hosts, count: undefined };
}
