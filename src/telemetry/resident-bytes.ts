import { readFileSync } from "node:fs";

const PAGE_BYTES = 4_096;

/** What a process holds in memory, where the system tells it (Linux); null where it does not, or the process is gone. */
export function residentBytes(pid: number): number | null {
  try {
    const [, pages] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
    return Number(pages) * PAGE_BYTES;
  } catch {
    return null;
  }
}
