import { DingError } from "../../core/errors.ts";

/** Where images may be fetched from for a client: "host" on any port, "host:port", or "[::1]:port" on that one. */
export class AllowedHosts {
  readonly #hosts: ReadonlySet<string>;

  constructor(hosts: readonly string[]) {
    this.#hosts = new Set(hosts.map((host) => host.trim().toLowerCase()));
  }

  get isEmpty(): boolean {
    return this.#hosts.size === 0;
  }

  /** The URL, when it may be fetched; throws `auth.refused`, or `usage.invalid-input` when it is none. */
  check(text: string, base?: URL): URL {
    const url = URL.parse(text, base);
    if (!url || !/^https?:$/.test(url.protocol)) {
      throw new DingError("usage.invalid-input", `Cannot fetch "${text}": no http or https URL`);
    }
    if (url.username !== "" || url.password !== "") {
      throw refusal(`Cannot fetch from ${url.host}: the URL carries a name or password`);
    }
    const port = url.port === "" ? defaultPort(url) : url.port;
    const { hostname } = url;
    const bare = hostname.replace(/^\[(.*)\]$/, "$1").replace(/\.$/, "");
    const names = [hostname, bare, `${hostname}:${port}`];
    if (names.some((name) => this.#hosts.has(name))) return url;
    throw refusal(`Cannot fetch from ${url.host}: the operator does not allow it`);
  }
}

function defaultPort({ protocol }: URL): string {
  return protocol === "https:" ? "443" : "80";
}

function refusal(message: string): DingError {
  return new DingError("auth.refused", message, {
    hint: "Send the image itself to /encode_img_bytes; or start the server with --allow-fetch HOST.",
  });
}
