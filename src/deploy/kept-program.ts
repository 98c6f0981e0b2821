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
  /** The absolute path of the program. */
  program: string;
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
}

/** How much longer than its drain time a program gets before it is killed. */
export const STOP_MARGIN_S = 10;

/** The longest that stopping may take, in whole seconds. */
export function stopTimeoutS(drainTimeoutMs: number): number {
  return Math.ceil(drainTimeoutMs / 1000) + STOP_MARGIN_S;
}
