import { DingError, messageOf } from "../core/errors.ts";

/** Is this function a class? Also one that was compiled to a function with a prototype is, by this method of it. */
export function isClass(value: object, method: string): value is new () => object {
  const { prototype } = value as { prototype?: Record<string, unknown> };
  const isWritten = Function.prototype.toString.call(value).startsWith("class");
  return isWritten || typeof prototype?.[method] === "function";
}

/** An object of a plugin's class. Throws plugin.invalid when its constructor does. */
export function instanceOf(plugin: new () => object, path: string): object {
  try {
    return new plugin();
  } catch (cause) {
    const why = `its constructor failed: ${messageOf(cause)}`;
    throw new DingError("plugin.invalid", `Cannot use plugin "${path}": ${why}`, {
      details: { path },
      cause,
    });
  }
}
