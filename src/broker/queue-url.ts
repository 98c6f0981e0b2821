import { DingError } from "../core/errors.ts";

/** Which queue is meant. */
export interface QueueUrl {
  /** "memory", "sqlite", … without the colon. */
  scheme: string;
  /** What stands between the scheme and the question mark. */
  rest: string;
  /** What stands behind the question mark. */
  parameters: Readonly<Record<string, string>>;
  /** The URL without its password: the only form that may be shown. */
  shown: string;
}

/** Letters that every kind of queue can have in a name. */
const NAME = /^[\w.-]{1,100}$/;
const DEFAULT_NAME = "jobs";

/** Reads a queue's URL; throws `usage.invalid-option` for what is none. */
export function parseQueueUrl(url: string): QueueUrl {
  const match = /^([a-z][a-z0-9-]*):([^?]*)(?:\?(.*))?$/s.exec(url);
  const [, scheme, rest = "", query = ""] = match ?? [];
  if (scheme === undefined) throw notAQueue(url);
  return {
    scheme,
    rest,
    parameters: Object.fromEntries(new URLSearchParams(query)),
    shown: shownUrl(url),
  };
}

/** The URL without what only its owner may know. */
function shownUrl(url: string): string {
  return (
    url
      // Up to the last @: a password may have one, or a slash, that nobody has escaped.
      .replace(/^([a-z0-9-]+:\/\/[^/@:]*:).*@/s, "$1***@")
      // A name alone is a token for NATS.
      .replace(/^(nats:\/\/)[^/@:]*@/, "$1***@")
      .replace(/([?&][^=&]*(?:pass|token|secret|auth)[^=&]*=)[^&]*/gi, "$1***")
  );
}

/** The queue's name within the store: `?queue=NAME`; default "jobs". */
export function queueName({ parameters, shown }: QueueUrl): string {
  const name = parameters["queue"] ?? DEFAULT_NAME;
  if (NAME.test(name)) return name;
  throw new DingError(
    "usage.invalid-option",
    `Cannot use queue "${shown}": its name is "${name}"`,
    {
      hint: "A name has letters, digits, dots, dashes and underscores: at most 100 of them.",
    },
  );
}

/** Throws `usage.invalid-option` where the URL says what its kind of queue does not know. */
export function refuseOtherParameters(url: QueueUrl, known: readonly string[]): void {
  const unknown = Object.keys(url.parameters).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const list = known.length === 0 ? "none" : known.map((name) => `"${name}"`).join(", ");
  throw new DingError(
    "usage.invalid-option",
    `Cannot use queue "${url.shown}": it has an unknown parameter "${unknown}"`,
    { hint: `Parameters of ${url.scheme}: ${list}.` },
  );
}

/** `usage.invalid-option` for a text that names no kind of queue. */
export function notAQueue(shown: string): DingError {
  return new DingError(
    "usage.invalid-option",
    `Cannot use queue "${shown}": it is no queue's URL`,
    {
      hint: "Pass sqlite:./jobs.db, memory:, redis://HOST, redis-list://HOST?queue=KEY or nats://HOST.",
    },
  );
}
