import { listenTls } from "../src/config/tls-files.ts";
import { readToken } from "../src/config/token.ts";
import type { Fleet } from "../src/decentral/fleet.ts";
import { decentralOptions } from "../src/decentral/options.ts";
import { pluginHere } from "../src/decentral/plugin-here.ts";
import type { Role } from "./_role.ts";

/** What `ding decentral` and `ding decentral start` run. */
export const decentralRole: Role<typeof decentralOptions> = {
  name: "decentral",
  description: "Run a fleet of units that take jobs, call remote servers, and lose nothing",
  examples: [
    "ding decentral start --plugin ./unit.ts --queue sqlite:./jobs.db --num-client 8",
    "ding decentral start --plugin ./unit.ts --num-client 24 --remote-servers n1:8900,n2:8900",
    "ding decentral units.ProcessingModel -num_client 24 -remote_servers [[n1, 8996, 8998]]",
    "ding decentral push jobs.jsonl --queue sqlite:./jobs.db",
    "ding decentral status",
    "ding decentral make ./unit.ts --name crawler > run_script.sh",
  ],
  options: decentralOptions,
  // Loaded when it is started: help and faulty options need none of it.
  create: async (options, { log, token, workerOutput }) => {
    const { Fleet } = await import("../src/decentral/fleet.ts");
    const { plugin = pluginHere(), remoteTokenFile } = options;
    const remoteToken =
      remoteTokenFile === undefined
        ? undefined
        : readToken({ tokenFile: remoteTokenFile, env: {} }, log);
    const logLevel = options.verbose ? "debug" : options.logLevel;
    const tls = listenTls(options);
    const own = { plugin, logLevel, tls, token, remoteToken, log, workerOutput };
    return new Fleet({ ...options, ...own });
  },
  onHangUp: (service) => void (service as Fleet).restart().catch(() => {}),
};
