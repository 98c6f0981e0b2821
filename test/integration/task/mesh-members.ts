import type { MeshNodeOptions } from "../../../src/task/node/mesh-node-options.ts";
import { MeshNode } from "../../../src/task/node/mesh-node.ts";
import { MainTask } from "../../../src/task/task.ts";
import { until } from "../../support/until.ts";

/** A node of a test, its task, and what that has heard of peers: "join 1". */
export interface Member {
  node: MeshNode;
  task: MainTask;
  heard: string[];
}

export const PATIENT = { timeoutMs: 60_000 };

/** A node that listens on a free port, and its started task; the stack ends both. */
export async function member(
  stack: AsyncDisposableStack,
  nodeId: number,
  options: Partial<MeshNodeOptions> = {},
): Promise<Member> {
  const node = stack.use(new MeshNode({ nodeId, host: "127.0.0.1", port: 0, ...options }));
  await node.start();
  const main = new MainTask({ router: node });
  stack.defer(() => main.close());
  const task = main.start();
  const heard: string[] = [];
  for (const change of ["join", "suspect", "leave", "crash"]) {
    task.on(`peer:${change}`, (peer: { nodeId: number }) => heard.push(`${change} ${peer.nodeId}`));
  }
  return { node, task, heard };
}

/** As many that know each other: each dials those whose places `dials` gives. */
export async function meshOf(
  stack: AsyncDisposableStack,
  count: number,
  {
    dials = before,
    ...options
  }: Partial<MeshNodeOptions> & { dials?: (index: number) => number[] } = {},
): Promise<Member[]> {
  const members: Member[] = [];
  for (let index = 0; index < count; index++) members.push(await member(stack, index, options));
  await Promise.all(
    members.map(({ node }, index) =>
      node.dial(dials(index).map((other) => members[other]?.node.address ?? "")),
    ),
  );
  await until(() => members.every(({ node }) => node.peers().length === count - 1), PATIENT);
  return members;
}

/** In a mesh each dials those before it. */
export function before(index: number): number[] {
  return Array.from({ length: index }, (_, other) => other);
}

/** In a star all dial the first. */
export function hub(index: number): number[] {
  return index === 0 ? [] : [0];
}
