import type { BufferedItem, Layer } from "./layer.ts";
import type { Random } from "../random.ts";

/**
 * Groups of a sample become of one length: shorter ones end in items of their own, drawn by chance ("random"), or in
 * items without data ("none"). `meta.padding` marks what was added.
 */
export function padding<T>({
  policy,
  random,
}: {
  policy: "random" | "none";
  random: Random;
}): Layer<T | undefined> {
  return {
    sample(next, request) {
      const groups = next(request);
      const longest = Math.max(0, ...groups.map((group) => group.length));
      return groups.map((group) => {
        const own = [...group];
        while (group.length > 0 && own.length < longest) {
          own.push(padOf(group[random.below(group.length)], policy));
        }
        return own;
      });
    },
  };
}

function padOf<T>(
  item: BufferedItem<T | undefined> | undefined,
  policy: "random" | "none",
): BufferedItem<T | undefined> {
  const isCopy = policy === "random" && item !== undefined;
  if (!isCopy) return { index: "", data: undefined, meta: { padding: true } };
  return { ...item, meta: { ...item.meta, padding: true } };
}
