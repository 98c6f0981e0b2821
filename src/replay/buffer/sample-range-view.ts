import type { Layer } from "./layer.ts";

/** Samples come only from the items of these ages; all else that a sample says stays. */
export function sampleRangeView<T>(range: { start?: number; end?: number }): Layer<T> {
  return { sample: (next, request) => next({ ...request, range }) };
}
