import { DingError, errorOf, messageOf, type Code } from "../../core/errors.ts";
import { awayHint } from "../queue-faults.ts";

/** What JetStream answers when it cannot. */
export interface ApiFault {
  code: number;
  err_code?: number;
  description?: string;
}

interface Kind {
  words: RegExp;
  code: Code;
  hint: string;
}

const KINDS: Kind[] = [
  {
    words: /authorization|authentication|permissions? violation/i,
    code: "auth.refused",
    hint: "Look at the name and the password in the URL, and at what the server lets this user do.",
  },
  {
    words: /insufficient|resource limits|maximum (bytes|messages)|no space/i,
    code: "queue.no-space",
    hint: "Make room on the server's disk, or raise its limits for JetStream.",
  },
  {
    words: /jetstream not enabled/i,
    code: "queue.unsupported",
    hint: "Start nats-server with -js and a folder: -sd DIR.",
  },
  {
    words: /subjects overlap|already in use|can not change|unique/i,
    code: "queue.broken",
    hint: "Another program uses these names; pass another ?queue=NAME.",
  },
];

/** True where nobody was there to answer: JetStream is off, or about to start. */
export function isAbsent(error: unknown): boolean {
  return /no responders/i.test(messageOf(error));
}

/** What JetStream has answered, in the house's terms. */
export function apiFault(
  { code, description = "" }: ApiFault,
  verb: string,
  shown: string,
): DingError {
  const kind = KINDS.find(({ words }) => words.test(description));
  const text = `Cannot ${verb} queue "${shown}": ${description || `error ${code}`}`;
  if (kind) return new DingError(kind.code, text, { hint: kind.hint });
  // 503: it looks for a leader, or starts.
  if (code === 503) return errorOf("network.unreachable", text);
  return new DingError("queue.broken", text, { hint: "Look at the server's log." });
}

/** What the client or the way to the server threw, in the house's terms. */
export function natsFault(error: unknown, verb: string, shown: string): DingError {
  if (error instanceof DingError && !["network.closed", "wait.timeout"].includes(error.code))
    return error;
  const isLost = error instanceof DingError && error.code === "wait.timeout";
  const away = isLost ? "the connection is lost" : messageOf(error);
  const message = isAbsent(error) ? "JetStream does not answer" : away;
  const text = `Cannot ${verb} queue "${shown}": ${message}`;
  const kind = KINDS.find(({ words }) => words.test(message));
  if (kind) return new DingError(kind.code, text, { hint: kind.hint });
  const hint = isAbsent(error)
    ? "Look whether the server was started with JetStream: nats-server -js -sd DIR."
    : awayHint(message);
  return errorOf("network.unreachable", text, { hint });
}
