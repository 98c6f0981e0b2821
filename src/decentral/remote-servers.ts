import { parseAddress } from "../config/address.ts";
import { NOT_CONVERTIBLE } from "../config/convert.ts";
import { readBrackets } from "../config/brackets.ts";
import { DingError, messageOf } from "../core/errors.ts";
import { bracketed } from "../runtime/url.ts";

/** A server that a group of units calls. */
export interface RemoteServer {
  readonly ip: string;
  readonly port: number;
  /** The ancestor's second port; ding's servers have one alone. */
  readonly portOut: number | undefined;
}

/** "10.0.0.1:8996": how a group of units is named. */
export function serverName({ ip, port }: Pick<RemoteServer, "ip" | "port">): string {
  return `${bracketed(ip)}:${port}`;
}

/**
 * The servers that an option names: lists [ip, port] or [ip, port, portOut], texts `HOST:PORT[:PORT_OUT]` with commas
 * between, files of either (`readFile` gives the text of one, undefined if the text names none). Throws
 * `usage.invalid-option`.
 */
export function remoteServers(
  entries: readonly unknown[],
  readFile: (text: string) => string | undefined = () => undefined,
): RemoteServer[] {
  const servers = entries.flatMap((entry) => serversOf(entry, readFile));
  const seen = new Set<string>();
  for (const server of servers) {
    const name = serverName(server);
    if (seen.has(name)) throw invalid(name, "it is there twice", "Name each server once.");
    seen.add(name);
  }
  return servers;
}

function serversOf(entry: unknown, readFile: (text: string) => string | undefined): RemoteServer[] {
  if (Array.isArray(entry)) return [serverOfList(entry as unknown[])];
  if (typeof entry !== "string") throw invalid(JSON.stringify(entry), "it is no list and no text");
  const text = readFile(entry);
  if (text === undefined) return words(entry).map(serverOfText);
  const servers = serversOfText(text);
  // One that is being written: units without a server would fail every job.
  if (servers.length === 0) throw invalid(entry, "the file names no server");
  return servers;
}

/** A file holds the option's list as it is typed, or a server a line; # begins a remark. */
function serversOfText(text: string): RemoteServer[] {
  const lines = text.split("\n").map((line) => line.replace(/(^|\s)#.*$/, "").trim());
  const whole = lines.join("\n").trim();
  if (whole.startsWith("[")) {
    const list = readBrackets(whole);
    if (list === NOT_CONVERTIBLE || !Array.isArray(list)) {
      throw invalid(whole.slice(0, 60), "a bracket is not closed, or something stands behind it");
    }
    const isOne = list.length > 0 && !list.some(Array.isArray) && list.some(Number.isInteger);
    return (isOne ? [list] : (list as unknown[])).flatMap((entry) =>
      serversOf(entry, () => undefined),
    );
  }
  return lines.flatMap(words).map(serverOfText);
}

function words(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

function serverOfText(text: string): RemoteServer {
  // Who meant a file has misspelled it.
  if (/^[^:]*([/\\]|\.(?:txt|json|list|conf|csv)$)/i.test(text))
    throw invalid(text, "there is no such file");
  const [, address = text, portOut] = /^(.+:\d+):(\d+)$/.exec(text) ?? [];
  try {
    const { host, port } = parseAddress(address);
    if (port === undefined) throw new Error("the port is missing");
    return {
      ip: host,
      port,
      portOut: portOut === undefined ? undefined : portOf(Number(portOut), text),
    };
  } catch (thrown) {
    if (thrown instanceof DingError) throw thrown;
    throw invalid(text, messageOf(thrown));
  }
}

function serverOfList(list: readonly unknown[]): RemoteServer {
  const [ip, port, portOut, ...rest] = list;
  const shown = JSON.stringify(list);
  if (typeof ip !== "string" || ip === "") throw invalid(shown, "its first part is no address");
  if (rest.length > 0) throw invalid(shown, "it has more than three parts");
  if (port === undefined) throw invalid(shown, "the port is missing");
  return {
    ip,
    port: portOf(port, shown),
    portOut: portOut === undefined || portOut === null ? undefined : portOf(portOut, shown),
  };
}

function portOf(value: unknown, shown: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65_535) {
    return value as number;
  }
  throw invalid(shown, `${JSON.stringify(value)} is no port`);
}

function invalid(shown: string, why: string, hint?: string): DingError {
  return new DingError("usage.invalid-option", `Cannot use remote server "${shown}": ${why}`, {
    hint: hint ?? "Write [[10.0.0.1, 8996, 8998], …], HOST:PORT with commas between, or a file.",
  });
}
