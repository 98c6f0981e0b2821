/** As OpenTelemetry names them; the second is for traces alone, and goes before. */
const NAMES = ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"];

/**
 * What a collector is told beside the spans: the JSON's type, who asks where the URL has a name and a password, and the
 * headers that the environment names (`key=value,key=value`, values as in URLs). What is no header there is passed over.
 */
export function otlpHeaders(
  { username, password }: Pick<URL, "username" | "password">,
  env: Readonly<Record<string, string | undefined>>,
): Headers {
  const headers = new Headers({ "Content-Type": "application/json" });
  if (username !== "" || password !== "") {
    const who = `${decoded(username)}:${decoded(password)}`;
    headers.set("Authorization", `Basic ${Buffer.from(who).toString("base64")}`);
  }
  for (const name of NAMES) {
    for (const pair of (env[name] ?? "").split(",")) {
      const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
      if (key !== undefined && value !== undefined) setIfValid(headers, key, decoded(value));
    }
  }
  return headers;
}

function setIfValid(headers: Headers, key: string, value: string): void {
  try {
    headers.set(key, value);
  } catch {
    // It is no name or no value of a header.
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
