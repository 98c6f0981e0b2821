import type { Layer } from "./layer.ts";

/** Data is copied on its way in and out, so that nobody changes what others read. */
export function cloneObject<T>(): Layer<T> {
  return {
    push: (next, data, meta) => next(structuredClone(data), meta),
    sample: (next, request) =>
      next(request).map((group) =>
        group.map((item) => ({ ...item, data: structuredClone(item.data) })),
      ),
  };
}
