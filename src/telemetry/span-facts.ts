/** A piece of work, as a trace tells it. */
export interface SpanFacts {
  readonly name: string;
  /** "server": it was asked for from outside. */
  readonly kind: "server" | "internal";
  /** The W3C header of the caller, as it came. */
  readonly traceparent?: string | undefined;
  /** Milliseconds since 1970, with fractions. */
  readonly startMs: number;
  readonly endMs: number;
  /** Undefined ones are left out. */
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  /** What went wrong. */
  readonly error?: { readonly type: string; readonly message: string } | undefined;
  readonly children?: readonly SpanFacts[];
}
