import { DingError } from "../core/errors.ts";

const PATH = "/v1/traces";

/** Where traces go: the URL of a collector, with or without /v1/traces; throws `usage.invalid-option` when it is none. */
export function otlpEndpoint(written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    // Whatever stands before an @ may be a password.
    const shown = written.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/is, "$1…@");
    throw new DingError("usage.invalid-option", `Cannot send traces to "${shown}": not a URL`, {
      hint: "Name an OTLP/HTTP endpoint, such as http://127.0.0.1:4318",
    });
  }
  const path = url.pathname.replace(/\/+$/, "");
  if (!path.endsWith(PATH)) url.pathname = `${path}${PATH}`;
  return url;
}
