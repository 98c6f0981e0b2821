/**
 * Fails on an import that the plan of the house does not allow, on a package away from its home, on a file that is
 * too long or has a name that says nothing. `--mermaid` draws what the code really imports, for docs/architecture.md.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { importsOf, type ImportsOf } from "./imports.ts";
import { EMPTY_NAMES, HOMES, MAX_LINES, PLAN, RUNTIME_ROOM, type Room } from "./layers-plan.ts";

/** Folders whose imports the plan rules, and those where only length and names count. */
const RULED = ["src", "commands"];
const LOOSE = ["scripts", "bench", "examples"];

interface SourceFile extends ImportsOf {
  path: string;
  room: string;
  lines: number;
}

/** Everything in the tree under `root` that breaks the plan, one line each. */
export function findBreaches(root: string, plan: Record<string, Room> = PLAN): string[] {
  const ruled = RULED.flatMap((folder) => readSources(root, folder));
  const loose = LOOSE.flatMap((folder) => readSources(root, folder));
  const rooms = new Set(ruled.map((file) => file.room));
  return [
    ...Object.keys(plan)
      .filter((room) => !rooms.has(room))
      .map((room) => `${room}: is in the plan, not on disk`),
    ...[...rooms]
      .filter((room) => !plan[room])
      .map((room) => `${room}: is on disk, not in the plan (scripts/layers-plan.ts)`),
    ...ruled.flatMap((file) => [...breachesOf(file, plan), ...runtimeNames(file)]),
    ...[...ruled, ...loose].flatMap(shapeBreaches),
  ];
}

/** The rooms and who really imports whom, as a Mermaid flowchart. */
export function drawMermaid(root: string, plan: Record<string, Room> = PLAN): string {
  const edges = new Set<string>();
  for (const file of RULED.flatMap((folder) => readSources(root, folder))) {
    for (const specifier of file.specifiers) {
      const target = targetRoom(file, specifier);
      // Everybody imports core; its arrows would hide the others.
      if (!target || !plan[target] || target === file.room || target === "src/core") continue;
      edges.add(`  ${label(file.room)} --> ${label(target)}`);
    }
  }
  const floors = Object.groupBy(Object.keys(plan), (room) => `${plan[room]?.floor ?? 0}`);
  const boxes = Object.entries(floors)
    .toReversed()
    .map(([floor, rooms = []]) => {
      const nodes = rooms.map((room) => `    ${label(room)}\n`).join("");
      return `  subgraph floor${floor} [floor ${floor}]\n${nodes}  end`;
    });
  return ["flowchart TB", ...boxes, ...[...edges].toSorted()].join("\n");
}

function* walk(root: string, folder: string): Generator<string> {
  if (!existsSync(join(root, folder))) return;
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.name === "node_modules" || entry.name === "dist") continue;
    if (entry.isDirectory()) yield* walk(root, path);
    else if (/\.[mc]?[tj]sx?$/.test(entry.name)) yield path;
  }
}

function readSources(root: string, folder: string): SourceFile[] {
  return [...walk(root, folder)].map((path) => {
    const text = readFileSync(join(root, path), "utf8");
    return {
      path,
      room: roomOf(path),
      lines: text.trimEnd().split("\n").length,
      ...importsOf(text),
    };
  });
}

/** "src/core/errors.ts" → "src/core"; "src/index.ts" → "src"; "commands/main.ts" → "commands". */
function roomOf(path: string): string {
  const [top = "", second = "", third] = path.split("/");
  return top === "src" && third !== undefined ? `${top}/${second}` : top;
}

function targetRoom(file: SourceFile, specifier: string): string | undefined {
  return specifier.startsWith(".")
    ? roomOf(normalize(join(dirname(file.path), specifier)))
    : undefined;
}

function breachesOf(file: SourceFile, plan: Record<string, Room>): string[] {
  return file.specifiers.flatMap((specifier) => {
    if (specifier.startsWith("node:")) return [];
    const target = targetRoom(file, specifier);
    if (target === undefined) return breachOfPackage(file.path, specifier);
    if (target === file.room || mayImport(file.room, target, plan)) return [];
    return [`${file.path}: ${file.room} may not import ${target}`];
  });
}

function mayImport(from: string, to: string, plan: Record<string, Room>): boolean {
  const room = plan[from];
  const target = plan[to];
  if (room?.doors?.includes(to)) return true;
  return room && target ? target.floor < room.floor && !room.not?.includes(to) : false;
}

function breachOfPackage(path: string, specifier: string): string[] {
  const name = specifier.startsWith("@")
    ? specifier.split("/", 2).join("/")
    : (specifier.split(/[/:]/, 1)[0] ?? specifier);
  if (HOMES[name]?.test(path)) return [];
  return [
    HOMES[name]
      ? `${path}: "${specifier}" has its home elsewhere`
      : `${path}: "${specifier}" has no home in the plan`,
  ];
}

function runtimeNames({ path, room, code }: SourceFile): string[] {
  if (room === RUNTIME_ROOM) return [];
  const named = /(?<![\w$.])(?:globalThis\s*\.\s*)?(Bun|Deno)\s*(?:\.|\?\.|\[)/.exec(code)?.[1];
  return named ? [`${path}: only ${RUNTIME_ROOM} may name ${named}`] : [];
}

function shapeBreaches({ path, lines }: SourceFile): string[] {
  const words = path.replace(/\.\w+$/, "").split(/[/_.-]/);
  return [
    ...(lines > MAX_LINES
      ? [`${path}: ${lines} lines, more than ${MAX_LINES}: split it by idea`]
      : []),
    ...words
      .filter((word) => EMPTY_NAMES.includes(word))
      .map((word) => `${path}: the name "${word}" says nothing of what is inside`),
  ];
}

function label(room: string): string {
  return room === "src" ? "index" : room.replace("src/", "");
}

if (import.meta.main) {
  if (process.argv.includes("--mermaid")) {
    console.log(drawMermaid("."));
  } else {
    const breaches = findBreaches(".");
    for (const breach of breaches) console.error(breach);
    process.exitCode = breaches.length > 0 ? 1 : 0;
  }
}
