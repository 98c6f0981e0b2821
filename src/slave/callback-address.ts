import { lookup } from "node:dns/promises";
import { networkInterfaces } from "node:os";
import { DingError } from "../core/errors.ts";
import { bracketed } from "../runtime/url.ts";

/**
 * The address to call, or throws. A master says where it wants to be called back; a stranger could name any
 * address inside our network. Allowed are the host that the request came from,
 * this machine when it came from this machine, and hosts that the operator named.
 * A name is looked up once, here: it may mean another address the next time.
 */
export async function checkCallback(
  address: string,
  remoteAddress: string,
  allowed: readonly string[],
): Promise<string> {
  const url = parse(address);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (allowed.includes(host)) return address;
  const remote = plain(remoteAddress);
  const own = ownAddresses();
  for (const candidate of await addressesOf(host)) {
    if (candidate !== remote && !(own.has(candidate) && own.has(remote))) continue;
    // A certificate is for the name, and proves that it is the right one.
    if (url.protocol === "http:") url.hostname = bracketed(candidate);
    return url.href;
  }
  throw new DingError(
    "auth.refused",
    `Cannot send results to ${url.host}: the request came from ${remote}`,
    { hint: `If that is right, start the slave with --allow-callback ${host}.` },
  );
}

function parse(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const isPlain = url && !url.username && !url.password && !url.search && !url.hash;
  if (url && isPlain && (url.protocol === "http:" || url.protocol === "https:")) return url;
  throw new DingError("usage.invalid-input", `Cannot use master address "${address}"`, {
    hint: "Expected http://HOST:PORT.",
  });
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => plain(address));
  } catch {
    return [];
  }
}

function ownAddresses(): Set<string> {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(["127.0.0.1", "::1", ...own.map(({ address }) => plain(address))]);
}

/** ::ffff:10.0.0.1 is 10.0.0.1 seen by a socket of the newer kind. */
function plain(address: string): string {
  return address.replace(/^::ffff:/i, "");
}
