/** A room of the house and what it may import. */
export interface Room {
  /** Imports go down: a room may use every room on a lower floor … */
  floor: number;
  /** … but for these … */
  not?: string[];
  /** … and beside them these, which are no lower. */
  doors?: string[];
}

/** Where the version stands; one file may read it for all. */
export const MANIFEST = "package.json";

/**
 * The plan. A new room needs one line here; a room that is here must exist.
 * Roles (floor 5) do not import each other: a door is a decision, written down where it is.
 */
export const PLAN: Record<string, Room> = {
  "src/core": { floor: 0, doors: [MANIFEST] },
  "src/config": { floor: 1 },
  "src/protocol": { floor: 1 },
  "src/plugin": { floor: 1 },
  "src/runtime": { floor: 1 },
  "src/telemetry": { floor: 2 },
  "src/http": { floor: 2, doors: ["src/telemetry"] },
  "src/link": { floor: 2, doors: ["src/http"] },
  "src/rpc": { floor: 3 },
  "src/dashboard": { floor: 3, not: ["src/link", "src/runtime"] },
  "src/pool": { floor: 4 },
  "src/broker": { floor: 4, not: ["src/http", "src/link", "src/rpc", "src/dashboard"] },
  "src/slave": { floor: 5 },
  "src/master": { floor: 5, not: ["src/pool"] },
  "src/serve": { floor: 5 },
  // Usable alone: pure, without sockets, processes and files.
  "src/replay": {
    floor: 5,
    not: ["src/config", "src/plugin", "src/runtime", "src/http", "src/link", "src/rpc", "src/pool"],
  },
  // Its workers are slaves, which it reaches as a master; what they have seen lies in a replay.
  "src/coordinator": { floor: 5, doors: ["src/master", "src/slave", "src/replay"] },
  // A fleet's units ask servers through the client of serve.
  "src/decentral": { floor: 5, doors: ["src/serve"] },
  // Its numbers by chance are those of a replay, whose generator is pure.
  "src/task": { floor: 5, doors: ["src/replay"] },
  "src/deploy": { floor: 5, not: ["src/pool", "src/rpc", "src/link", "src/http"] },
  "src/load": { floor: 5, not: ["src/pool", "src/rpc", "src/link"] },
  src: { floor: 6, not: ["src/deploy"] }, // index.ts: the public face
  commands: { floor: 7 },
};

/** Each package has one home, so that replacing it touches one place. `node:` modules are free. */
export const HOMES: Record<string, RegExp> = {
  "@nats-io/transport-node": /^src\/broker\/nats\//,
  bun: /^src\/runtime\//,
  citty: /^commands\//,
  consola: /^commands\//,
  fflate: /^src\/task\/package\//,
  hono: /^src\/http\/|\/routes\.ts$/,
  ioredis: /^src\/broker\/redis\//,
  "onnxruntime-web": /^src\/serve\/onnx\//,
  msgpackr: /^src\/protocol\/codec\.ts$/,
  uplot: /^src\/dashboard\//,
  zod: /^(src\/(config|protocol|slave|master|load|coordinator\/config)|commands)\/|^src\/[^/]+\/(server-)?options\.ts$|^src\/rpc\/handshake\.ts$/,
};

/** The one room that may name a runtime. */
export const RUNTIME_ROOM = "src/runtime";

/** Words that say nothing of what is inside. */
export const EMPTY_NAMES = ["utils", "util", "helpers", "helper", "common", "types", "manager"];

export const MAX_LINES = 300;
