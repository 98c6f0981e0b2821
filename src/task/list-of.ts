/** Words as a list: a text is one word, or several with commas between; never its letters. */
export function listOf(given: string | Iterable<string> | undefined): string[] {
  if (typeof given !== "string") return [...(given ?? [])];
  return given.split(",").flatMap((word) => word.trim() || []);
}
