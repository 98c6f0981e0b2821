import { DingError } from "../../core/errors.ts";

/** A fault of a request, with the path of where it is, such as `inputs[1].shape[0]`. */
export function fault(path: string, why: string, hint?: string): DingError {
  return faultOf("infer", path, { why, hint });
}

/** A fault of a request for something else, such as "load model". */
export function faultOf(
  action: string,
  path: string,
  { why, hint }: { why: string; hint?: string | undefined },
): DingError {
  const message = `Cannot ${action}: ${path}: ${why}`;
  return new DingError("usage.invalid-input", message, { hint, details: { path } });
}

const LONGEST = 40;

/** A value as an error message shows it: short, whatever it is. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (value === undefined) return "nothing";
  const text =
    typeof value === "string" ? JSON.stringify(value.slice(0, LONGEST)) : String(value as number);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
