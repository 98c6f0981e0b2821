import { closeSync, openSync, readSync, statSync } from "node:fs";
import { isIP } from "node:net";
import { dirname, isAbsolute, join, resolve, sep } from "node:path";
import { checkListen, isLoopback } from "../src/config/listen.ts";
import type { OptionField } from "../src/config/option-field.ts";
import { parted } from "../src/config/option-path.ts";
import { DingError } from "../src/core/errors.ts";
import { CONTAINER_HOST, GLIBC_IMAGE, MUSL_IMAGE } from "../src/deploy/container.ts";
import type { ContainedProgram, KeptProgram, Mount } from "../src/deploy/kept-program.ts";
import { faultOfKubernetesName } from "../src/deploy/kubernetes.ts";
import type { MadeRole } from "./_make-arguments.ts";
import type { RoleOptions } from "./_role.ts";

/** Whom a container runs as when this is root: nobody. */
const NOBODY = 65_534;
const START_TIMEOUT_MS = 60_000;

/** What the options say of a container. */
export interface ContainerOptions extends RoleOptions {
  format: "compose" | "k8s";
  image?: string | undefined;
  user?: string | undefined;
}

/** The options that a container needs otherwise than its host does. */
export const CONTAINER_KEYS = ["host", "insecure"];

/** The same program for a container, where others must be let in to reach it at all. */
export function containedProgram(
  kept: KeptProgram,
  role: MadeRole,
  make: ContainerOptions,
): ContainedProgram {
  const { host, port, insecure, image, format } = make;
  refuseOdd(kept, make);
  const isCluster = format === "k8s";
  const hasToken = kept.needsTokenVariable || kept.tokenFile !== undefined;
  // All of a cluster can reach it: there the token comes from a secret that is made beside it.
  checkListen(make, hasToken || isCluster ? "a token" : undefined);
  const isOpen = insecure || (!isCluster && !hasToken);
  const mounts = image === undefined ? mountsOf(kept, role) : [];
  const odd = mounts.find(({ path }) => path === sep || (isCluster && path.includes(":")));
  if (odd) throw usage(`Cannot mount "${odd.path}" into a container`, "Use another folder");
  return {
    ...kept,
    args: [...kept.args, `--host=${CONTAINER_HOST}`, ...(isOpen ? ["--insecure"] : [])],
    needsTokenVariable: kept.needsTokenVariable || (isCluster && !hasToken && !insecure),
    image,
    plainImage: plainImage(kept.program),
    port,
    publishedHost: publishedHost(host),
    tls: make.tlsCert === undefined ? "none" : make.tlsCa === undefined ? "server" : "mutual",
    mounts,
    ...userOf(make.user),
    gpus: gpusOf(role.options),
    startTimeoutMs: Number(role.options["loadTimeoutMs"] ?? START_TIMEOUT_MS),
  };
}

function refuseOdd({ name }: KeptProgram, { port, format }: ContainerOptions): void {
  if (port === 0) {
    throw usage("Cannot use --port 0 in a container: nobody could know it", "Name the port");
  }
  const fault = format === "k8s" ? faultOfKubernetesName(name) : undefined;
  if (fault !== undefined) throw usage(`Cannot use --name: "${name}"`, fault);
}

function publishedHost(host: string): string {
  if (isLoopback(host) && isIP(host) === 0) return "127.0.0.1";
  return isIP(host) === 0 ? CONTAINER_HOST : host;
}

function userOf(user: string | undefined): { userId: number; groupId: number } {
  if (user === undefined) {
    const own = process.getuid?.() ?? 0;
    return own === 0
      ? { userId: NOBODY, groupId: NOBODY }
      : { userId: own, groupId: process.getgid?.() ?? own };
  }
  const [id, group = id] = user.split(":");
  if (!/^\d+$/.test(id ?? "") || !/^\d+$/.test(group ?? "") || Number(id) === 0) {
    throw usage(
      `Cannot use --user: "${user}": a container wants the numbers of one who is not root`,
      "Pass --user UID:GID; `id NAME` tells them",
    );
  }
  return { userId: Number(id), groupId: Number(group) };
}

function gpusOf({ deviceMap, cpu }: Record<string, unknown>): number[] {
  const ids: unknown[] = Array.isArray(deviceMap) && cpu !== true ? deviceMap : [];
  return ids.filter((id): id is number => typeof id === "number" && id >= 0);
}

/** One with the C library that the program was built for; its name stands at the head of an ELF file. */
function plainImage(program: string): string {
  const head = Buffer.alloc(4096);
  const fd = openSync(program, "r");
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  return head.includes("/ld-musl") ? MUSL_IMAGE : GLIBC_IMAGE;
}

/** The program, its folder, and whatever else its options name; nothing twice. */
function mountsOf(
  { program, prefix = [], folder }: KeptProgram,
  { fields, options, given }: MadeRole,
): Mount[] {
  const own: Mount[] = [
    { path: folder, isFolder: true, isWritten: true },
    { path: program, isFolder: false, isWritten: false },
    // From source: the script is commands/main.ts, and imports what is beside that folder.
    ...prefix.filter(isAbsolute).map((script) => ({
      path: dirname(dirname(script)),
      isFolder: true,
      isWritten: false,
    })),
    ...(given.config === undefined ? [] : [mountOf(resolve(given.config), {})]),
  ];
  const named = fields
    .filter((field) => field.path && field.key !== "tokenFile")
    .flatMap((field) => pathsOf(field, options[field.key]).map((path) => mountOf(path, field)));
  const mounts: Mount[] = [];
  for (const mount of [...own, ...named]) {
    if (!mounts.some((one) => covers(one, mount))) mounts.push(mount);
  }
  return mounts.filter((mount) => !mounts.some((one) => one !== mount && covers(one, mount)));
}

function pathsOf(field: OptionField, value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values
    .filter((one) => typeof one === "string")
    .map((one) => resolve(parted(field, one).path));
}

/** A module comes with the files beside it. */
function mountOf(path: string, field: { writes?: boolean; namedPath?: boolean }): Mount {
  const isWritten = field.writes === true;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (field.namedPath === true && !stat?.isDirectory()) {
    return { path: dirname(path), isFolder: true, isWritten };
  }
  return { path, isFolder: stat?.isDirectory() ?? true, isWritten };
}

function covers(outer: Mount, inner: Mount): boolean {
  const isInside = inner.path === outer.path || inner.path.startsWith(join(outer.path, sep));
  return outer.isFolder && isInside && (outer.isWritten || !inner.isWritten);
}

function usage(message: string, hint: string): DingError {
  return new DingError("usage.invalid-option", message, { hint });
}
