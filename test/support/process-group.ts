import { readdirSync, readFileSync } from "node:fs";

/** Sends a signal to every process of the group; true if there was one to get it. */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  // 0 and 1 would mean our own group, and everybody.
  if (group <= 1) return false;
  try {
    process.kill(-group, signal);
    return true;
  } catch {
    return false;
  }
}

/** The processes of a group that still run; those which ended and wait for an idle init do not count. */
export function livingMembers(group: number): string[] {
  if (!signalGroup(group, 0)) return [];
  if (process.platform !== "linux") return [`group ${group}`];
  return readdirSync("/proc").filter((pid) => {
    const { state, processGroup } = statOf(pid);
    return processGroup === group && state !== "Z" && state !== "X";
  });
}

function statOf(pid: string): { state?: string | undefined; processGroup?: number } {
  if (!/^\d+$/.test(pid)) return {};
  try {
    // pid (name, which may hold anything) state parent group …
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state, , processGroup] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, processGroup: Number(processGroup) };
  } catch {
    return {};
  }
}
