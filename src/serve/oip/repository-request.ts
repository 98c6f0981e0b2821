import { DingError } from "../../core/errors.ts";
import { fault } from "./fault.ts";
import { flagAt } from "./parameters.ts";
import { readDocument, recordAt } from "./request-document.ts";

/** Reads the body of a request for the index: shall only models that are ready be in it? */
export function readIndexRequest(bytes: Uint8Array): { isReadyOnly: boolean } {
  return readDocument(bytes, ({ ready }) => ({ isReadyOnly: flagAt(ready, "ready") ?? false }));
}

const INSTEAD = "Put the file into the model repository, or name it when the server starts.";

/** Checks the parameters of a load: a model comes from its file here, and is configured where the server starts. */
export function checkLoadRequest(bytes: Uint8Array): void {
  readDocument(bytes, ({ parameters }) => {
    for (const [name, value] of Object.entries(recordAt(parameters, "parameters"))) {
      const path = `parameters.${name}`;
      if (name === "config") throw refusal(path, "a model's configuration", INSTEAD);
      if (name.startsWith("file:")) throw refusal(path, "files of a model", INSTEAD);
      throw fault(path, `no such parameter of load: got ${JSON.stringify(value)}`);
    }
  });
}

/** Checks the parameters of an unload: no model depends on another here. */
export function checkUnloadRequest(bytes: Uint8Array): void {
  readDocument(bytes, ({ parameters }) => {
    for (const [name, value] of Object.entries(recordAt(parameters, "parameters"))) {
      const path = `parameters.${name}`;
      if (name !== "unload_dependents") throw fault(path, "no such parameter of unload");
      flagAt(value, path);
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

function refusal(path: string, what: string, hint: string): DingError {
  const message = `Cannot load model: ${path}: ${what} cannot be sent`;
  return new DingError("usage.invalid-input", message, { hint, details: { path } });
}
