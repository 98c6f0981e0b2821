import { expect, test } from "bun:test";
import { LazyAbort } from "../../../src/core/lazy-abort.ts";

test("signal is one and the same, and aborts with the reason", () => {
  const abort = new LazyAbort();
  const { signal } = abort;
  const heard: unknown[] = [];
  signal.addEventListener("abort", () => heard.push(signal.reason));
  expect([abort.signal === signal, signal.aborted, abort.aborted]).toEqual([true, false, false]);
  abort.abort("late");
  expect([heard, abort.aborted, abort.reason]).toEqual([["late"], true, "late"]);
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

test("addEventListener() hears of the abort once, without a signal, unless it has left or it is over", () => {
  const abort = new LazyAbort();
  const heard: string[] = [];
  const leaves = (): void => void heard.push("left");
  abort.addEventListener("abort", () => void heard.push("stays"));
  abort.addEventListener("abort", leaves);
  abort.removeEventListener("abort", leaves);
  abort.abort("first");
  abort.addEventListener("abort", () => void heard.push("comes too late"));
  abort.abort("second");
  expect(heard).toEqual(["stays"]);
});

test("addEventListener() lets a listener leave while they are told", () => {
  const abort = new LazyAbort();
  const heard: string[] = [];
  const second = (): void => void heard.push("second");
  abort.addEventListener("abort", () => abort.removeEventListener("abort", second));
  abort.addEventListener("abort", second);
  abort.abort("now");
  expect(heard).toEqual([]);
});
