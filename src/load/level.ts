import type { Distribution } from "./schedule.ts";

/** How hard to press: so many clients, or so many requests a second. */
export type Level =
  | { readonly mode: "concurrency"; readonly value: number }
  | { readonly mode: "rate"; readonly value: number; readonly distribution: Distribution };
