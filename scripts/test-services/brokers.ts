import { installPackages } from "./debian.ts";

/** Where Redis and NATS are, or what is missing. */
export type Broker = { program: string } | { missing: string };

/** Debian starts what it installs; the tests start their own. */
const PACKAGES = { "redis-server": "redis-server", "nats-server": "nats-server" };

const found = new Map<string, Promise<Broker>>();

/** The server of this machine, after having tried to install it. */
export function brokerServer(name: keyof typeof PACKAGES): Promise<Broker> {
  const here = found.get(name) ?? find(name);
  found.set(name, here);
  return here;
}

async function find(name: keyof typeof PACKAGES): Promise<Broker> {
  const here = which(name);
  if (here) return { program: here };
  const problem = await installPackages([PACKAGES[name]]);
  const program = which(name);
  return program ? { program } : { missing: `${name}: ${problem ?? "not found"}` };
}

/** Debian has nats-server in /usr/sbin, which is not in everybody's path. */
function which(name: string): string | undefined {
  return (
    Bun.which(name, { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` }) ?? undefined
  );
}
