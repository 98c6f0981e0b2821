/** A word of a command line; some are known only on the node where it runs. */
export type Argument =
  | string
  /** `text`, and then the name of the node. */
  | { kind: "with-host"; text: string }
  /** `text`, and then the path of the token file as the program sees it. */
  | { kind: "with-token-file"; text: string };

/** A program that shall run on a node for months. */
export interface KeptProgram {
  /** Names the unit, the lock and the log: letters, digits, `.`, `_` and `-`. */
  name: string;
  /** What it is, for people: "ding slave". */
  title: string;
  /** Its command: "slave". */
  role: string;
  /** The absolute path of the program. */
  program: string;
  /** What a runtime needs before the arguments: its script. */
  prefix?: string[];
  args: Argument[];
  /** The folder it runs in. */
  folder: string;
  /** How long it may take to finish its work when it is asked to stop. */
  drainTimeoutMs: number;
  /** Absolute path of the file that holds the token; the token itself is never written down. */
  tokenFile?: string;
  /** True when the token comes from the variable DING_TOKEN. */
  needsTokenVariable: boolean;
  /** Whom it runs as, where that can be said. */
  user: string;
  /** Does SIGHUP make it read its files again? */
  reloads?: boolean;
}

/** What is to be known beside it when the program runs in a container. */
export interface ContainedProgram extends KeptProgram {
  /** An image with `ding` on its PATH and all the files; undefined for a plain one into which they are mounted. */
  image: string | undefined;
  /** The plain one, which has the C library that the program needs. */
  plainImage: string;
  /** Where it listens, inside and outside. */
  port: number;
  /** The address of this machine at which others reach it. */
  publishedHost: string;
  /** Without any, or callers that need none of their own, or callers that must show one. */
  tls: "none" | "server" | "mutual";
  /** Files and folders of this machine that it uses, as absolute paths. */
  mounts: Mount[];
  userId: number;
  groupId: number;
  /** The numbers of the GPUs that it uses. */
  gpus: number[];
  /** How long it may take until it is ready. */
  startTimeoutMs: number;
}

/** A path that is the same inside and outside. */
export interface Mount {
  path: string;
  isFolder: boolean;
  isWritten: boolean;
}

/** How much longer than its drain time a program gets before it is killed. */
const STOP_MARGIN_S = 10;

/** The longest that stopping may take, in whole seconds. */
export function stopTimeoutS(drainTimeoutMs: number): number {
  return Math.ceil(drainTimeoutMs / 1000) + STOP_MARGIN_S;
}
