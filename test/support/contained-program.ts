import type { ContainedProgram } from "../../src/deploy/kept-program.ts";

/** A program for a container, as odd as people make it. */
export function containedProgram(what: Partial<ContainedProgram> = {}): ContainedProgram {
  return {
    name: "ocr",
    title: "ding serve",
    role: "serve",
    program: "/opt/it's ding/ding",
    args: [
      "serve",
      "--plugin=/srv/my models/a.ts",
      "$HOME $(id) ${X} $$ 100%",
      "a\nb",
      "",
      "no",
      "ü ✓ 😀\u2028\u0085",
      { kind: "with-host", text: "--name=ocr@" },
    ],
    folder: "/srv/my models",
    drainTimeoutMs: 30_500,
    needsTokenVariable: false,
    user: "root",
    image: undefined,
    plainImage: "debian:stable-slim",
    port: 8900,
    publishedHost: "127.0.0.1",
    tls: "none",
    mounts: [
      { path: "/srv/my models", isFolder: true, isWritten: true },
      { path: "/opt/it's ding/ding", isFolder: false, isWritten: false },
    ],
    userId: 1000,
    groupId: 100,
    gpus: [],
    startTimeoutMs: 300_000,
    ...what,
  };
}
