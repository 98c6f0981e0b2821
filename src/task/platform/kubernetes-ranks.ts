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
 * that was made again has its place by its name, whatever DI_RANK says. Throws `usage.invalid-option`.
 */
export function kubernetesRanks(env: Environment): Ranks {
  const nodes = variable(env, ["DI_NODES"]);
  const index = variable(env, ["JOB_COMPLETION_INDEX"]);
  if (nodes === undefined && index !== undefined) return indexedRanks(env, index);
  const list = neededVariable(env, ["DI_NODES", "JOB_COMPLETION_INDEX"], KUBERNETES);
  const hosts = list
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  const name = index === undefined ? "DI_RANK" : "JOB_COMPLETION_INDEX";
  const told = index ?? neededVariable(env, ["DI_RANK"], KUBERNETES);
  const rank = rankOf(hosts, wholeNumber(told, name), variable(env, ["HOSTNAME"]));
  if (rank !== undefined) return { rank, hosts, count: hosts.length };
  throw new DingError(
    "usage.invalid-option",
    `Cannot use --platform k8s: ${name} is ${told}, but DI_NODES has ${hosts.length} nodes`,
    { hint: "The pod's own name is not among them either: let the job make it again." },
  );
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
    throw new DingError(
      "usage.invalid-option",
      `Cannot use --platform k8s: pod "${pod}" has index ${rank}, but not in its name`,
      {
        hint: 'Set completionMode: Indexed, and leave hostname out; or set DI_NODES: "POD.SERVICE,…".',
      },
    );
  }
  const job = pod.slice(0, -end.length);
  const service = variable(env, ["DI_SERVICE"]) ?? job;
  const hosts = Array.from({ length: rank + 1 }, (_, at) => `${job}-${at}.${service}`);
  return { rank, hosts, count: undefined };
}
