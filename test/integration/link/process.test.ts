import { existsSync, readdirSync } from "node:fs";
import { expect, test } from "bun:test";
import type { Link } from "../../../src/link/link.ts";
import { childLink } from "../../../src/link/process.ts";
import { startChild, type ChildProcess } from "../../../src/runtime/child-process.ts";
import { tempFolder } from "../../support/temp-folder.ts";
import { until } from "../../support/until.ts";

const DEAF_MS = 150;
const LONGEST_DEAF_MS = 20_000;

/**
 * Has a child send so many bytes while this process reads nothing: until the child has noted `what`, and a while longer.
 * Gives all that came, and whether it had left by then.
 */
async function askFor(
  bytes: number,
  what: "sent" | "left",
): Promise<{ frames: Uint8Array[]; hadLeft: boolean }> {
  await using folder = await tempFolder();
  const program = `${import.meta.dir}/fixtures/talkative-child.ts`;
  const child = startChild([process.execPath, program, folder.path], { env: process.env });
  const frames: Uint8Array[] = [];
  const link = childLink(child);
  link.listen({ frame: (frame) => void frames.push(frame), close() {} });
  await until(() => frames.length === 1, { what: "the child" });
  const ask = new Uint8Array(4);
  new DataView(ask.buffer).setUint32(0, bytes);
  link.send(ask);
  const deadline = performance.now() + LONGEST_DEAF_MS;
  while (!existsSync(folder.file(what)) && performance.now() < deadline) {
    // deaf
  }
  const endMs = performance.now() + DEAF_MS;
  while (performance.now() < endMs) {
    // deaf
  }
  const hadLeft = existsSync(folder.file("left"));
  await until(() => frames.length === 3, { what: "what the child says" });
  link.close("done");
  await child.exited;
  return { frames: frames.slice(1), hadLeft };
}

test("left() resolves when what was sent is in the system's hands: not before the other end reads a lot", async () => {
  const { frames, hadLeft } = await askFor(5_000_000, "sent");
  expect(hadLeft).toBe(false);
  expect(frames.map(({ length }) => length)).toEqual([5_000_000, 1]);
  expect(frames[1]?.[0]).toBe(1);
});

test("left() resolves at once for what the pipe has room for", async () => {
  const { frames, hadLeft } = await askFor(1_000, "left");
  expect(hadLeft).toBe(true);
  expect(frames.map(({ length }) => length)).toEqual([1_000, 1]);
  expect(frames[1]?.[0]).toBe(1);
});

/** A child that is there, its link, and what it says. */
async function startFamily(): Promise<{ child: ChildProcess; link: Link; said: Uint8Array[] }> {
  const program = `${import.meta.dir}/fixtures/child-of-a-child.ts`;
  const child = startChild([process.execPath, program], { env: process.env });
  const said: Uint8Array[] = [];
  const link = childLink(child);
  link.listen({ frame: (frame) => void said.push(frame), close() {} });
  await until(() => said.length === 1, { what: "the child" });
  return { child, link, said };
}

test("a link ends with the child, though a process that the child started lives on", async () => {
  const { child, link, said } = await startFamily();
  link.send(new TextEncoder().encode("inherit"));
  await until(() => said.length === 2, { what: "the grandchild" });
  const grandchild = Number(new TextDecoder().decode(said[1]));
  try {
    child.kill("SIGKILL");
    expect(await link.closed).toBe("the other process is gone");
    expect(await child.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(() => process.kill(grandchild, 0)).not.toThrow();
  } finally {
    process.kill(grandchild, "SIGKILL");
  }
});

test("a link ends when the other process says what is no frame", async () => {
  const { child, link } = await startFamily();
  link.send(new TextEncoder().encode("garbage"));
  expect(await link.closed).toBe("the other process does not speak in frames");
  expect(await child.exited).toEqual({ code: 0, signal: null });
});

test("links leave no file open, whether or not they were used", async () => {
  const before = readdirSync("/proc/self/fd").length;
  for (let turn = 0; turn < 3; turn++) {
    const { child, link } = await startFamily();
    link.close("done");
    await child.exited;
    await startChild(["/bin/true"], { env: process.env }).exited;
  }
  await until(() => readdirSync("/proc/self/fd").length <= before, { what: "closed files" });
});

test("a program that cannot be started is a child that has ended, and says why", async () => {
  const child = startChild(["/nonexistent/program"], { env: process.env });
  const { error } = await child.exited;
  expect(error?.message).toContain("/nonexistent/program");
  expect(await childLink(child).closed).toBe("the other process is gone");
});

test("closed resolves with what it printed, though a process that it started keeps its stdout open", async () => {
  const printed: string[] = [];
  const child = startChild(["/bin/sh", "-c", "echo words; sleep 600 & echo $!; exit 3"], {
    env: process.env,
    output: (line) => void printed.push(line),
  });
  expect(await child.closed).toEqual({ code: 3, signal: null });
  const grandchild = Number(printed[1]);
  expect(printed).toEqual(["words", `${grandchild}`]);
  expect(() => process.kill(grandchild, "SIGKILL")).not.toThrow();
});

test("closed waits for last words also where this process stands still meanwhile", async () => {
  const printed: string[] = [];
  const child = startChild(["/bin/sh", "-c", "echo early; (sleep 0.1; echo late) & exit 3"], {
    env: process.env,
    output: (line) => void printed.push(line),
  });
  void child.exited.then(() => Bun.sleepSync(700));
  await child.closed;
  expect(printed).toEqual(["early", "late"]);
});
