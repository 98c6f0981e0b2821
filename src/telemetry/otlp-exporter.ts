import { delay } from "../core/wait.ts";
import { otlpHeaders } from "./otlp-headers.ts";
import { otlpRequest, type OtlpSource } from "./otlp-spans.ts";
import type { SpanFacts } from "./span-facts.ts";

/** So long one delivery may take, tries again included. */
const TIMEOUT_MS = 2_000;
/** What may be better the next time, as the protocol has it. */
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const RETRY_MS = 250;

/** Sends spans to an OTLP/HTTP collector, as JSON. */
export class OtlpExporter {
  readonly #url: URL;
  readonly #headers: Headers;
  readonly #source: OtlpSource;

  constructor(url: URL, source: OtlpSource) {
    this.#headers = otlpHeaders(url, process.env);
    this.#url = new URL(url);
    this.#url.username = "";
    this.#url.password = "";
    this.#source = source;
  }

  /** Rejects when the collector did not take them. A caller that does not sample is honoured: its spans are left out. */
  async send(facts: readonly SpanFacts[]): Promise<void> {
    const request = otlpRequest(facts, this.#source);
    if (!request) return;
    // Bytes have a length: there are collectors that read no body in chunks.
    const body = new TextEncoder().encode(JSON.stringify(request));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    for (;;) {
      const status = await this.#post(body, signal);
      if (status >= 200 && status < 300) return;
      if (!RETRYABLE.has(status)) throw new Error(`it answered with status ${status}`);
      await delay(RETRY_MS, signal).catch(() => {
        throw new Error(`it answered with status ${status} until the time was up`);
      });
    }
  }

  async #post(body: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<number> {
    const headers = this.#headers;
    try {
      const response = await fetch(this.#url, { method: "POST", headers, body, signal });
      await response.arrayBuffer();
      return response.status;
    } catch (cause) {
      if (!signal.aborted) throw cause;
      throw new Error(`it did not answer within ${TIMEOUT_MS} ms`, { cause });
    }
  }
}
