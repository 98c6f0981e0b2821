import { DingError, messageOf, type ErrorRecord } from "../../core/errors.ts";
import { isThenable } from "../../core/wait.ts";
import { isClass } from "../../plugin/exported-class.ts";

/** The object of a child, as its supervisor may use it. */
export class Supervised {
  readonly #object: object;

  constructor(object: object) {
    this.#object = object;
  }

  /** Makes the object from what a module exports: a class, or a function that gives one. Throws `plugin.invalid`. */
  static async make(
    exported: unknown,
    args: readonly unknown[],
    what: string,
  ): Promise<Supervised> {
    if (typeof exported !== "function") {
      throw new DingError("plugin.invalid", `Cannot make a child of ${what}: it is no class`, {
        hint: "Export a class, or a function that gives an object.",
      });
    }
    // Everything that was written with `function` has a constructor; what it returns is the object all the same.
    const made: unknown = isClass(exported, "constructor")
      ? await new (exported as new (...args: readonly unknown[]) => PromiseLike<object>)(...args)
      : await (exported as (...args: readonly unknown[]) => unknown)(...args);
    if (typeof made === "object" && made !== null) return new Supervised(made);
    throw new DingError("plugin.invalid", `Cannot make a child of ${what}: it gives no object`);
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    const called = (this.#object as Record<string, unknown>)[method];
    // What every object has is nobody's method.
    if (typeof called !== "function" || method in Object.prototype) {
      throw new DingError("usage.invalid-input", `Cannot call "${method}": the child has no such`, {
        hint: `It has: ${methodsOf(this.#object).join(", ")}.`,
      });
    }
    const result: unknown = called.apply(this.#object, args);
    return isThenable(result) ? await result : result;
  }

  attribute(name: string): unknown {
    const { [name]: value } = this.#object as Record<string, unknown>;
    if (typeof value !== "function" && !(name in Object.prototype)) return value;
    throw new DingError(
      "usage.invalid-input",
      `Cannot read "${name}" of the child: it is no field`,
    );
  }

  /** Disposes of the object, or calls its `close`. */
  async end(): Promise<void> {
    const object = this.#object as Partial<AsyncDisposable & Disposable & { close: () => unknown }>;
    if (object[Symbol.asyncDispose]) return await object[Symbol.asyncDispose]?.();
    if (object[Symbol.dispose]) return object[Symbol.dispose]?.();
    if (typeof object.close === "function") await object.close();
  }
}

/** What the code of a child has thrown, as it crosses to its supervisor. */
export function childFailure(thrown: unknown): ErrorRecord {
  if (thrown instanceof DingError) return thrown.toJSON();
  const name = thrown instanceof Error ? thrown.name : typeof thrown;
  return { code: "task.failed", message: messageOf(thrown), details: { name } };
}

function methodsOf(object: object): string[] {
  const names = new Set<string>();
  for (let at: object | null = object; at && at !== Object.prototype;) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const { value } = Object.getOwnPropertyDescriptor(at, name) ?? {};
      if (name !== "constructor" && typeof value === "function") names.add(name);
    }
    at = Object.getPrototypeOf(at) as object | null;
  }
  return [...names];
}
