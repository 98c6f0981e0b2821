import { DingError } from "../core/errors.ts";
import { notAQueue, type QueueUrl } from "./queue-url.ts";

/** Where a broker listens, and who comes. */
export interface ServerAddress {
  host: string;
  port: number;
  username: string | undefined;
  password: string | undefined;
  /** What stands behind the port, without its slash. */
  path: string;
  /** The URL as it may be shown. */
  shown: string;
}

const HOST = /^(\[[0-9a-fA-F:.]+\]|[^:/\s]+)(?::(\d{1,5}))?(?:\/(.*))?$/s;

/** Reads "//user:password@host:port/path"; throws `usage.invalid-option` for what is none. */
export function parseServer({ rest, shown }: QueueUrl, defaultPort: number): ServerAddress {
  if (!rest.startsWith("//")) throw notAQueue(shown);
  // The last @: a password may have one that nobody has escaped.
  const at = rest.lastIndexOf("@");
  const [, host, port = `${defaultPort}`, path = ""] =
    HOST.exec(rest.slice(Math.max(2, at + 1))) ?? [];
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) throw notAQueue(shown);
  const user = at < 0 ? undefined : rest.slice(2, at);
  const colon = user?.indexOf(":") ?? -1;
  const username = colon < 0 ? user : user?.slice(0, colon);
  const password = colon < 0 ? undefined : user?.slice(colon + 1);
  return {
    host: host.replace(/^\[|\]$/g, ""),
    port: Number(port),
    username: unescape(username, shown),
    password: unescape(password, shown),
    path,
    shown,
  };
}

function unescape(text: string | undefined, shown: string): string | undefined {
  if (text === undefined || text === "") return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw new DingError(
      "usage.invalid-option",
      `Cannot use queue "${shown}": a % in its name or password is not escaped`,
      { hint: "Write %25 for a percent sign, %40 for an @, %3A for a colon, %2F for a slash." },
    );
  }
}
