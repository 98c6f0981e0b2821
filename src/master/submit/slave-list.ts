import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { DingError, messageOf } from "../../core/errors.ts";
import { expandRanges } from "./ranges.ts";

/** The port of a slave that nobody gave. */
export const DEFAULT_SLAVE_PORT = 7236;

/** Where a slave listens. */
export interface SlaveAddress {
  host: string;
  port: number;
}

const MAX_SLAVES = 10_000;
const HOST = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_.])?$/;

/** `n1:7236`, `[::1]:7236`. */
export function formatAddress({ host, port }: SlaveAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * The slaves that the words name, each once, in the order given. A word is
 * `HOST` or `HOST:PORT`, several with commas; `n[01-99]:7236`, `n[1,3,5-7]` and `h:[7236-7239]` are many.
 */
export function parseSlaves(
  words: readonly string[],
  defaultPort: number = DEFAULT_SLAVE_PORT,
): SlaveAddress[] {
  const found = new Map<string, SlaveAddress>();
  for (const word of words) {
    for (const item of splitList(word)) {
      for (const text of expandSlave(item)) {
        const address = parseAddress(text, item, defaultPort);
        found.set(formatAddress(address), address);
      }
      if (found.size > MAX_SLAVES) {
        throw invalid(item, `more than ${MAX_SLAVES} slaves in all`);
      }
    }
  }
  return [...found.values()];
}

/** The words of a file that names one slave a line; `#` begins a comment. */
export async function readSlaveFile(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw new DingError(
      "usage.invalid-input",
      `Cannot read slave file "${path}": ${messageOf(error)}`,
      { cause: error },
    );
  });
  const words: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const word = line.replace(/#.*/, "").trim();
    if (word === "") continue;
    try {
      parseSlaves([word]);
    } catch (error) {
      const { message, hint } = DingError.from(error);
      throw new DingError("usage.invalid-input", `${message} (${path}, line ${index + 1})`, {
        hint,
      });
    }
    words.push(word);
  }
  if (words.length > 0) return words;
  throw new DingError("usage.invalid-input", `Cannot use slave file "${path}": it names no slave`, {
    hint: "Write one HOST:PORT a line; # begins a comment.",
  });
}

/** Splits at commas and spaces, but not inside brackets. */
function splitList(word: string): string[] {
  return word.match(/(?:\[[^\]]*\]?|[^\s,[])+/g) ?? [];
}

/** The brackets of an IPv6 address are no range. */
function expandSlave(item: string): string[] {
  const literal = /^\[([^\]]*:[^\]]*)\](.*)$/.exec(item);
  try {
    if (!literal) return expandRanges(item, MAX_SLAVES);
    return expandRanges(literal[2] ?? "", MAX_SLAVES).map((port) => `[${literal[1]}]${port}`);
  } catch (error) {
    throw invalid(item, messageOf(error));
  }
}

function parseAddress(text: string, item: string, defaultPort: number): SlaveAddress {
  if (isIPv6(text)) return { host: text.toLowerCase(), port: defaultPort };
  const scheme = /^[a-z]+:\/\//i.exec(text)?.[0];
  if (scheme) throw invalid(item, `"${scheme}" is not part of HOST:PORT`);
  const literal = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
  const [host, port] = literal
    ? [literal[1] ?? "", literal[2]]
    : (text.split(/:(.*)/s) as [string, string | undefined]);
  if (literal ? !isIPv6(host) : !HOST.test(host)) {
    throw invalid(item, host === "" ? "the host is missing" : `"${host}" is not a host`);
  }
  return { host: host.toLowerCase(), port: parsePort(port, item, defaultPort) };
}

function parsePort(text: string | undefined, item: string, defaultPort: number): number {
  if (text === undefined) return defaultPort;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw invalid(item, text === "" ? "the port after ':' is missing" : `"${text}" is not a port`);
}

function invalid(item: string, reason: string): DingError {
  return new DingError("usage.invalid-input", `Cannot use slave "${item}": ${reason}`, {
    hint: "Write HOST:PORT, for example n1:7236, [::1]:7236 or n[01-99]:7236.",
  });
}
