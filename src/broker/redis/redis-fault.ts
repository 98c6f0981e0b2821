import { DingError, errorOf, messageOf, type Code } from "../../core/errors.ts";
import { awayHint } from "../queue-faults.ts";

interface Kind {
  /** By its first word, as Redis has it. */
  words: RegExp;
  code: Code;
  hint: string;
}

const KINDS: Kind[] = [
  {
    words: /^NOAUTH/,
    code: "auth.missing",
    hint: "Write the password into the URL: redis://:PASSWORD@HOST:PORT.",
  },
  {
    words: /^WRONGPASS|invalid (username-)?password|without any password configured/,
    code: "auth.refused",
    hint: "Look at the name and the password in the URL; escape what is special, %40 for an @.",
  },
  {
    words: /^NOPERM/,
    code: "auth.refused",
    hint: "The server's ACL must let this user run scripts and use the queue's keys and channels.",
  },
  {
    words: /^OOM/,
    code: "queue.no-space",
    hint: "Raise the server's maxmemory or let workers drain the queue; it must not evict keys.",
  },
  {
    words: /^MISCONF/,
    code: "queue.no-space",
    hint: "The server cannot write to its disk and takes no writes; look at its log.",
  },
  {
    words: /^WRONGTYPE|^BUSYGROUP|^NOGROUP/,
    code: "queue.broken",
    hint: "Another program uses these keys; pass another ?queue=NAME, or another database.",
  },
  {
    words: /DB index is out of range|SELECT is not allowed/,
    code: "usage.invalid-option",
    hint: "The number behind the last slash is the database; the server has fewer.",
  },
  {
    words: /^ERR unknown command|^ERR syntax error|Unknown Redis command called from script/i,
    code: "queue.unsupported",
    hint: "The queue needs a server that speaks Redis 6.2 or later, with Lua scripts.",
  },
];

/** Not now, but in a while: the server starts, fails over, or is busy with a script. */
const PASSING = /^(LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|UNBLOCKED|NOREPLICAS)\b/;

/** True for what may go away by itself, and what has broken on the way. */
export function isPassing(error: unknown): boolean {
  if (error instanceof DingError) return error.code.startsWith("network.");
  return !isReply(error) || PASSING.test(messageOf(error));
}

/** What Redis or the way to it threw, in the house's terms. */
export function redisFault(error: unknown, verb: string, shown: string): DingError {
  if (error instanceof DingError) return error;
  // So the client says it, in words that are for its own callers.
  const message = messageOf(error).replace(/^Stream isn't writeable.*/, "it closes the connection");
  const kind = KINDS.find(({ words }) => words.test(message));
  const text = `Cannot ${verb} queue "${shown}": ${message}`;
  if (kind)
    return new DingError(kind.code, text, { hint: kind.hint, cause: withoutCommand(error) });
  if (isReply(error) && !isPassing(error)) {
    return new DingError("queue.broken", text, {
      hint: "Look at the server's log.",
      cause: withoutCommand(error),
    });
  }
  return errorOf("network.unreachable", text, { hint: awayHint(message) });
}

/** The client puts the command beside its errors, and AUTH has the password in it. */
function withoutCommand(error: unknown): Error {
  return new Error(messageOf(error));
}

function isReply(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}
