import { DingError, messageOf } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { delay } from "../../core/wait.ts";
import type { ChildProcess } from "../../runtime/child-process.ts";
import type { LaunchPlan } from "./plan.ts";
import { Member, type MemberOptions } from "./member.ts";
import type { JoinOrder, Listening, NodeSetUp } from "./node-run.ts";
import type { MainPlace } from "./load-main.ts";

/** A launch: several nodes, each in a process of its own. */
export interface LaunchOptions extends Pick<
  MemberOptions,
  "autoRecover" | "maxRetries" | "backoff" | "log"
> {
  plan: LaunchPlan;
  setUpOf: (index: number) => NodeSetUp;
  place: MainPlace | undefined;
  spawn: () => ChildProcess;
  /** So many nodes are to be there before mains start; default those of this launch. */
  nodes?: number | undefined;
  joinTimeoutMs: number;
  startupIntervalMs: number;
  /** Asks all mains to come to their end. */
  signal?: AbortSignal | undefined;
  /** How long they may take; then their processes are ended. */
  drainTimeoutMs: number;
  /** All nodes are there: mains start. */
  onReady?: (nodes: readonly Listening[]) => void;
  log: Logger;
}

/**
 * Starts a process for each node, lets them form their mesh, then runs main in all of them. Resolves when all have
 * ended; rejects with the first failure, when the others have ended too. No process is left.
 */
export async function launch(options: LaunchOptions): Promise<void> {
  const { plan, signal, log, drainTimeoutMs } = options;
  const ending = new AbortController();
  // The others may go on for long, and the error that is told at the end would come late.
  const hasOthers = plan.nodes.length > 1;
  const members: Member[] = plan.nodes.map((_, index) => {
    return new Member({
      ...options,
      setUp: { ...options.setUpOf(index), place: options.place },
      signal: ending.signal,
      rejoin: () => orderOf(options, members, index),
      isLastTry: () => isLastTry(members, index),
      onGone: (end) => {
        for (const [other, member] of members.entries()) {
          if (other !== index && isHeard(plan)) member.onOtherGone(end);
        }
      },
      onFailed: (error) => {
        const facts = { node: plan.nodes[index]?.nodeId, error: messageOf(error) };
        if (hasOthers) log.error("A node has failed", facts);
      },
    });
  });
  let drain: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    ending.abort(signal?.reason);
    for (const member of members) member.finish();
    drain = setTimeout(() => {
      log.warn("Mains that have not come to their end are left", { graceMs: drainTimeoutMs });
      for (const member of members) member.kill();
    }, drainTimeoutMs);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    await form(options, members, ending.signal);
    options.onReady?.(members.map(({ listening }) => listening));
    const runs = await Promise.allSettled(members.map((member) => member.run()));
    const failed = runs.find(({ status }) => status === "rejected");
    if (failed?.status === "rejected" && !signal?.aborted) throw failed.reason;
  } catch (thrown) {
    if (!signal?.aborted) throw thrown;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    clearTimeout(drain);
    for (const member of members) if (member.isRunning || ending.signal.aborted) member.kill();
    await Promise.all(members.map((member) => member.end()));
  }
}

/** All listen, then all dial: nobody dials somebody who is not there yet. */
async function form(
  options: LaunchOptions,
  members: readonly Member[],
  signal: AbortSignal,
): Promise<void> {
  const { startupIntervalMs } = options;
  const listening: Promise<void>[] = [];
  for (const member of members) {
    if (startupIntervalMs > 0 && listening.length > 0) await delay(startupIntervalMs, signal);
    listening.push(member.listen());
  }
  await all(listening, signal);
  await all(
    members.map((member, index) => member.join(orderOf(options, members, index))),
    signal,
  );
}

/** The first failure is the one that counts; what follows from it is not. */
async function all(steps: Promise<void>[], signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  aborted.promise.catch(() => {});
  const onAbort = (): void =>
    aborted.reject(new DingError("service.stopping", "Cannot start: it is to end already"));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await Promise.race([Promise.all(steps), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const step of steps) step.catch(() => {});
  }
}

function orderOf(options: LaunchOptions, members: readonly Member[], index: number): JoinOrder {
  const { plan, joinTimeoutMs } = options;
  const node = plan.nodes[index];
  const isBack = members.some(({ isRunning }) => isRunning);
  const others = members.filter((member, other) => {
    const isJoined = node !== undefined && isReached(plan, index, other);
    return isJoined && (!isBack || (member.isHere && other !== index));
  });
  const dials = plan.isBrokered ? [] : (node?.dials ?? []).map((other) => members[other]);
  const here = dials.filter((member) => !isBack || member?.isHere === true);
  return {
    dial: [...here.map((member) => member?.address ?? ""), ...(isBack ? [] : plan.attachTo)],
    later: isBack
      ? [
          ...dials.filter((member) => !here.includes(member)).map((one) => one?.address ?? ""),
          ...plan.attachTo,
        ]
      : [],
    nodeIds: others.map(({ nodeId }) => nodeId),
    nodes: isBack ? 1 : (options.nodes ?? 1),
    timeoutMs: joinTimeoutMs,
  };
}

/** Has the end begun, and does nobody go on who has not failed since then? Somebody may wait for a node that fails often. */
function isLastTry(members: readonly Member[], index: number): boolean {
  const others = members.filter((_, other) => other !== index);
  if (members[index]?.hasEndedPeer !== true) return false;
  return others.every(({ isRunning, hasFailedSince }) => !isRunning || hasFailedSince);
}

/** Do they hear of each other's end? */
function isHeard({ nodes, attachTo, isBrokered = false }: LaunchPlan): boolean {
  return isBrokered || attachTo.length > 0 || nodes.some(({ dials }) => dials.length > 0);
}

/** Alone nobody of the launch is joined to another but by what they attach to. */
function isReached(plan: LaunchPlan, index: number, other: number): boolean {
  return index === other || plan.nodes.some(({ dials }) => dials.length > 0);
}
