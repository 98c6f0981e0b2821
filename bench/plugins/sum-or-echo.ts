/** The work of the bench: a + b, or the given values back; `hang` never ends. */
interface Work {
  a: number;
  b: number;
  values?: unknown;
  hang?: boolean;
}

// oxlint-disable-next-line import/no-default-export -- this is how a plugin hands over its task
export default function work(task: unknown): unknown {
  const { a, b, values, hang } = task as Work;
  if (hang) return new Promise(() => {});
  return values ?? a + b;
}
