import { expect, test } from "bun:test";
import { LazyAbort } from "../../../src/core/lazy-abort.ts";

test("signal is one and the same, and aborts with the reason", () => {
  const abort = new LazyAbort();
  const { signal } = abort;
  const heard: unknown[] = [];
  signal.addEventListener("abort", () => heard.push(signal.reason));
  expect([abort.signal === signal, signal.aborted, abort.isAborted]).toEqual([true, false, false]);
  abort.abort("late");
  expect([heard, abort.isAborted, abort.reason]).toEqual([["late"], true, "late"]);
});

test("throwIfAborted() throws the reason, once there is one", () => {
  const abort = new LazyAbort();
  abort.throwIfAborted();
  abort.abort(new Error("left"));
  expect(() => abort.throwIfAborted()).toThrow("left");
});

test("signal is aborted already when it is asked for after the abort; the first reason stays", () => {
  const abort = new LazyAbort();
  abort.abort("first");
  abort.abort("second");
  expect([abort.signal.aborted, abort.signal.reason, abort.reason]).toEqual([
    true,
    "first",
    "first",
  ]);
});
