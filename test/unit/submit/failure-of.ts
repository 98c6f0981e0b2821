import { DingError } from "../../../src/core/errors.ts";

/** The error that the promise rejects with; fails when it does not, or with anything but a DingError. */
export async function failureOf(promise: Promise<unknown>): Promise<DingError> {
  const thrown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (thrown instanceof DingError) return thrown;
  throw new Error("Expected a rejection with a DingError", { cause: thrown });
}
