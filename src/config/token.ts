import { readFileSync, statSync } from "node:fs";
import { DingError, messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Origin } from "./option-error.ts";

/** The variable that holds the token itself. */
export const TOKEN_VARIABLE = "DING_TOKEN";

/** Where a token may come from. */
export interface TokenSources {
  tokenFile?: string | undefined;
  /** A file that only the config file names gives way to DING_TOKEN. */
  tokenFileFrom?: Origin["from"] | undefined;
  env: Record<string, string | undefined>;
}

const READABLE_BY_ALL = 0o004;

/** The token that callers must show, without its line end; undefined when none was given. */
export function readToken(
  { tokenFile, tokenFileFrom, env }: TokenSources,
  log: Pick<Logger, "warn">,
): string | undefined {
  const variable = env[TOKEN_VARIABLE]?.trim() || undefined;
  const isFileFirst = tokenFileFrom !== "file" || variable === undefined;
  if (tokenFile === undefined || !isFileFirst) return checkToken(variable, TOKEN_VARIABLE);
  const token = readTokenFile(tokenFile, log);
  return checkToken(token, `--token-file: "${tokenFile}"`);
}

function readTokenFile(path: string, log: Pick<Logger, "warn">): string {
  try {
    const token = readFileSync(path, "utf8").trim();
    if ((statSync(path).mode & READABLE_BY_ALL) !== 0) {
      log.warn(`Every user of this machine can read the token file "${path}"`, {
        hint: `chmod 600 ${path}`,
      });
    }
    return token;
  } catch (thrown) {
    const isMissing = (thrown as NodeJS.ErrnoException).code === "ENOENT";
    throw new DingError(
      "usage.invalid-option",
      `Cannot use --token-file: "${path}": ${isMissing ? "no such file" : messageOf(thrown)}`,
      { hint: "Make one: head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE", cause: thrown },
    );
  }
}

/** A token travels in a header, so it is one line of visible ASCII letters. */
function checkToken(token: string | undefined, origin: string): string | undefined {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token)) return token;
  const reason = token === "" ? "it is empty" : "a token is one line of visible ASCII letters";
  throw new DingError("usage.invalid-option", `Cannot use ${origin}: ${reason}`, {
    hint: "Make one: head -c 32 /dev/urandom | base64 > FILE; chmod 600 FILE",
  });
}
