/** What a promise rejects with; rejects itself when that resolves. */
export async function thrownBy(promise: unknown): Promise<unknown> {
  const value = await Promise.resolve(promise).then(
    (resolved) => ({ resolved }),
    (thrown: unknown) => ({ thrown }),
  );
  if ("thrown" in value) return value.thrown;
  throw new Error(`It did not fail: ${JSON.stringify(value.resolved)}`);
}
