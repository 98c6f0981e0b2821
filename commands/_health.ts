import { get as getHttp } from "node:http";
import { get as getHttps } from "node:https";
import { defineCommand, type CommandDef } from "citty";
import { DingError } from "../src/core/errors.ts";

const TIMEOUT_MS = 4_000;

/** The hidden subcommand with which a container asks its own program: exit code 0 when it is well. */
export const health: CommandDef = defineCommand({
  meta: { name: "_health", hidden: true },
  async run({ rawArgs: [url = ""] }) {
    const status = await statusOf(url);
    if (status === 200) return;
    throw new DingError("network.unreachable", `${url} answered ${status}`);
  },
});

function statusOf(url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TIMEOUT_MS, agent: false } as const;
    // Its certificate names the outside, not 127.0.0.1.
    const request = url.startsWith("https:")
      ? getHttps(url, { ...options, rejectUnauthorized: false })
      : getHttp(url, options);
    request.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on("timeout", () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
    request.on("error", reject);
  });
}
