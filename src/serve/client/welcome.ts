import { NetworkError } from "../../core/errors.ts";
import { VERSION } from "../../core/version.ts";
import type { ModelFacts } from "../inference.ts";
import type { NativeWelcome } from "../native/session-protocol.ts";

/** What of a server's word is looked at. */
export interface WelcomeChecks {
  checkVersion: boolean;
  ignoreAllChecks: boolean;
}

/** What a server says of itself; throws `network.protocol` if it is none of ours, or of a version that does not fit. */
export function readWelcome(
  value: unknown,
  name: string,
  { checkVersion, ignoreAllChecks }: WelcomeChecks,
): NativeWelcome {
  const welcome = value as Partial<NativeWelcome> | null | undefined;
  if (ignoreAllChecks) {
    return { version: String(welcome?.version ?? ""), models: modelsOf(welcome) };
  }
  if (typeof welcome?.version !== "string" || !Array.isArray(welcome.models)) {
    throw new NetworkError(
      "network.protocol",
      `Cannot use ${name}: it does not say what it serves`,
    );
  }
  if (checkVersion && !isSameRelease(welcome.version, VERSION)) {
    throw new NetworkError(
      "network.protocol",
      `Cannot use ${name}: its version is ${welcome.version}, that of this client is ${VERSION}`,
      { hint: "Use the same version on both ends, or pass checkVersion: false." },
    );
  }
  return { version: welcome.version, models: modelsOf(welcome) };
}

/** Are major and minor number the same? */
export function isSameRelease(one: string, other: string): boolean {
  return releaseOf(one) === releaseOf(other);
}

function releaseOf(version: string): string {
  return version.split(".", 2).join(".");
}

function modelsOf(welcome: Partial<NativeWelcome> | null | undefined): ModelFacts[] {
  return Array.isArray(welcome?.models) ? welcome.models : [];
}
