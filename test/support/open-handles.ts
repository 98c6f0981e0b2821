import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const IS_LINUX = process.platform === "linux";
const TCP_LISTEN = "0A";
const UNIX_ACCEPTS = 0x10000;

/** What a process holds open and a test must give back; each with a text to show. */
export interface OpenHandles {
  children: Set<string>;
  sockets: Set<string>;
}

/** The child processes and sockets of this process now; empty sets where the system cannot tell cheaply. */
export function openHandles(): OpenHandles {
  return { children: childPids(), sockets: socketInodes() };
}

/** What is open now and was not in `before`: children, and those of the new sockets that listen. */
export function newHandles(before: OpenHandles): string[] {
  const now = openHandles();
  const children = [...now.children.difference(before.children)].map(describeChild);
  const sockets = now.sockets.difference(before.sockets);
  // Reading the table of sockets is slow, and most tests open none.
  const listeners = sockets.size === 0 ? [] : listeningSockets(sockets);
  return [...children, ...listeners];
}

function childPids(): Set<string> {
  if (!IS_LINUX) return new Set();
  return new Set(
    readdirSync("/proc/self/task").flatMap((thread) =>
      (readText(`/proc/self/task/${thread}/children`) ?? "").split(" ").filter(Boolean),
    ),
  );
}

function describeChild(pid: string): string {
  const line = readText(`/proc/${pid}/cmdline`)?.split("\0").join(" ").trim();
  return `child process ${pid} (${line || "ended, but nobody has waited for it"})`;
}

function socketInodes(): Set<string> {
  if (!IS_LINUX) return new Set();
  const inodes = readdirSync("/proc/self/fd").map((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
    } catch {
      return undefined; // closed since the folder was read
    }
  });
  return new Set(inodes.filter((inode) => inode !== undefined));
}

function listeningSockets(inodes: Set<string>): string[] {
  const found: string[] = [];
  for (const table of ["tcp", "tcp6"]) {
    for (const row of rowsOf(`/proc/self/net/${table}`)) {
      const [, local = "", , state, , , , , , inode = ""] = row;
      if (state !== TCP_LISTEN || !inodes.has(inode)) continue;
      found.push(`listening socket on port ${Number.parseInt(local.split(":")[1] ?? "", 16)}`);
    }
  }
  for (const [, , , flags = "", , , inode = "", path] of rowsOf("/proc/self/net/unix")) {
    if (Number.parseInt(flags, 16) & UNIX_ACCEPTS && inodes.has(inode)) {
      found.push(`listening socket ${path ?? "without a name"}`);
    }
  }
  return found;
}

function rowsOf(path: string): string[][] {
  const lines = (readText(path) ?? "").trim().split("\n").slice(1);
  return lines.map((line) => line.trim().split(/\s+/));
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
