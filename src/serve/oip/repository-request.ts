import type { DingError } from "../../core/errors.ts";
import { faultOf, shown } from "./fault.ts";
import { flagAt } from "./parameters.ts";
import { readDocument, recordAt } from "./request-document.ts";

/** Reads the body of a request for the index: shall only models that are ready be in it? */
export function readIndexRequest(bytes: Uint8Array): { isReadyOnly: boolean } {
  return readDocument(bytes, ({ ready }) => ({
    isReadyOnly: flagAt(ready, "ready", "list models") ?? false,
  }));
}

const LOAD = "load model";
const UNLOAD = "unload model";
const INSTEAD = "Put the file into the model repository, or name it when the server starts.";

/** Checks the parameters of a load: a model comes from its file here, and is configured where the server starts. */
export function checkLoadRequest(bytes: Uint8Array): void {
  readDocument(bytes, ({ parameters }) => {
    for (const [name, value] of Object.entries(recordAt(parameters, "parameters", LOAD))) {
      const path = `parameters.${name}`;
      if (name === "config") throw refusal(path, "a model's configuration");
      if (name.startsWith("file:")) throw refusal(path, "files of a model");
      throw faultOf(LOAD, path, { why: `no such parameter of load: got ${shown(value)}` });
    }
  });
}

/** Checks the parameters of an unload: no model depends on another here. */
export function checkUnloadRequest(bytes: Uint8Array): void {
  readDocument(bytes, ({ parameters }) => {
    for (const [name, value] of Object.entries(recordAt(parameters, "parameters", UNLOAD))) {
      const path = `parameters.${name}`;
      if (name !== "unload_dependents") {
        throw faultOf(UNLOAD, path, { why: "no such parameter of unload" });
      }
      flagAt(value, path, UNLOAD);
    }
  });
}

/** "ocr@2" names one version of a model, "ocr" all of them. */
export function nameAndVersion(text: string): { name: string; version: string | undefined } {
  const at = text.lastIndexOf("@");
  return at <= 0
    ? { name: text, version: undefined }
    : { name: text.slice(0, at), version: text.slice(at + 1) };
}

function refusal(path: string, what: string): DingError {
  return faultOf(LOAD, path, { why: `${what} cannot be sent`, hint: INSTEAD });
}
