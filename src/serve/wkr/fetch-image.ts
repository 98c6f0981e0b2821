import { DingError } from "../../core/errors.ts";
import { HttpClient, type HttpAnswer } from "../../http/client.ts";
import { AllowedHosts } from "./allowed-hosts.ts";

const MOST_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
const TIMEOUT_MS = 10_000;

/** What bounds a fetch. */
export interface FetchOptions {
  /** Hosts that the operator allows; none is never. */
  readonly hosts: readonly string[];
  readonly limitBytes: number;
  /** For all of it; default 10,000. */
  readonly timeoutMs?: number | undefined;
}

/** Fetches images that clients name by URL, from hosts that the operator allows, and from no others by a redirect. */
export class ImageFetcher implements Disposable {
  readonly #hosts: AllowedHosts;
  readonly #options: FetchOptions;
  readonly #http = new HttpClient();

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#hosts = new AllowedHosts(options.hosts);
  }

  /** The bytes behind the URL; rejects with `auth.refused`, `usage.invalid-input`, or a NetworkError. */
  async fetch(text: string, signal?: AbortSignal): Promise<Uint8Array> {
    const { limitBytes, timeoutMs = TIMEOUT_MS } = this.#options;
    const startMs = performance.now();
    let url = this.#hosts.check(text);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const leftMs = Math.max(1, Math.ceil(timeoutMs - (performance.now() - startMs)));
      const bounds = { limitBytes, timeoutMs: leftMs, signal };
      const answer = await this.#http.request({ method: "GET", url, ...bounds });
      const target = REDIRECTS.has(answer.status) ? answer.headers.location : undefined;
      if (target === undefined) return bodyOf(url, answer);
      url = this.#hosts.check(target, url);
    }
    throw new DingError("usage.invalid-input", `Cannot fetch ${text}: too many redirects`);
  }

  [Symbol.dispose](): void {
    this.#http[Symbol.dispose]();
  }
}

function bodyOf(url: URL, { status, body }: HttpAnswer): Uint8Array {
  if (status === 200 && body.length > 0) return body;
  const why = status === 200 ? "it is empty" : `${url.host} answered ${status}`;
  throw new DingError("usage.invalid-input", `Cannot fetch ${url.href}: ${why}`);
}
