import { readFileSync } from "node:fs";

declare const DING_VERSION: string | undefined;

/** The version of this program: fixed in the binary, from package.json when run from source. */
export function version(): string {
  if (typeof DING_VERSION !== "undefined") return DING_VERSION;
  const text = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
