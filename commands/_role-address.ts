import { dialTls } from "../src/config/tls-files.ts";
import type { RoleAddress } from "../src/http/role-client.ts";
import type { Given } from "./_command.ts";
import { toolsOf } from "./_tools.ts";

const ALL_ADDRESSES = ["0.0.0.0", "::", "[::]"];

/** Where the role is that such options name, and what to show there. */
export async function roleAddress(
  options: Parameters<typeof toolsOf>[0] & {
    host: string;
    port: number;
    tlsCa?: string | undefined;
  },
  given: Given,
): Promise<RoleAddress> {
  const { token } = await toolsOf(options, given);
  const { port, tlsCa } = options;
  // Where it listens on all addresses, this machine is one.
  const host = ALL_ADDRESSES.includes(options.host) ? "127.0.0.1" : options.host;
  return { host, port, token, tls: dialTls({ tlsCa }) };
}
