import { isIPv6 } from "node:net";
import { DingError } from "../../core/errors.ts";
import { DEFAULT_MASTER_PORT } from "../options.ts";

/**
 * What `--listen` means: `HOST:PORT`, `:PORT`, `PORT`, `HOST`, `[::1]:PORT`. Without a host it is every
 * address of this machine if strangers are kept out (or let in on purpose), else only its own.
 */
export function parseListen(text: string, isGuarded: boolean): { host: string; port: number } {
  const place = /^[0-9]+$/.test(text) ? `:${text}` : isIPv6(text) ? `[${text}]` : text;
  const match = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::([0-9]{1,5}))?$/.exec(place);
  const [host, port] = [match?.[1] ?? match?.[2] ?? "", Number(match?.[3] ?? DEFAULT_MASTER_PORT)];
  if (!match || text === "" || port > 65_535) {
    throw new DingError("usage.invalid-option", `Cannot use --listen: "${text}" is no address`, {
      hint: "Write HOST:PORT or :PORT, for example :7235; port 0 for a free one.",
    });
  }
  return { host: host || (isGuarded ? "0.0.0.0" : "127.0.0.1"), port };
}
