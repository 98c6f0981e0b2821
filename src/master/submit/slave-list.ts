import { readFile } from "node:fs/promises";
import { DEFAULT_SLAVE_PORT, parseAddress } from "../../config/address.ts";
import { DingError, messageOf } from "../../core/errors.ts";
import { bracketed } from "../../runtime/url.ts";
import { expandRanges } from "./ranges.ts";

/** Where a slave listens. */
export interface SlaveAddress {
  host: string;
  port: number;
}

/** The slave of this machine, for when none was named. */
export const DEFAULT_SLAVE = "127.0.0.1";

const MAX_SLAVES = 10_000;

/** `n1:7236`, `[::1]:7236`. */
export function formatAddress({ host, port }: SlaveAddress): string {
  return `${bracketed(host)}:${port}`;
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
        const address = slaveAt(text, item, defaultPort);
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

function slaveAt(text: string, item: string, defaultPort: number): SlaveAddress {
  try {
    const { host, port = defaultPort } = parseAddress(text);
    return { host, port };
  } catch (error) {
    throw invalid(item, messageOf(error));
  }
}

function invalid(item: string, reason: string): DingError {
  return new DingError("usage.invalid-input", `Cannot use slave "${item}": ${reason}`, {
    hint: "Write HOST:PORT, for example n1:7236, [::1]:7236 or n[01-99]:7236.",
  });
}
