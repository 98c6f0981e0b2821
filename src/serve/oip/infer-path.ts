/** The model that a URL asks to infer, and its version. */
export interface InferPath {
  readonly name: string;
  readonly version: string | undefined;
}

const START = "/v2/models/";
const END = "/infer";
const VERSIONS = "/versions/";

/** What `…/v2/models/NAME[/versions/V]/infer` names; undefined for every other URL, also for names that are escaped. */
export function inferPath(url: string): InferPath | undefined {
  if (!url.endsWith(END)) return undefined;
  const from = url.indexOf("/", url.indexOf("//") + 2);
  if (from < 0 || !url.startsWith(START, from)) return undefined;
  const name = url.slice(from + START.length, -END.length);
  const at = name.indexOf("/");
  if (at < 0) return isPlain(name) ? { name, version: undefined } : undefined;
  if (!name.startsWith(VERSIONS, at)) return undefined;
  const version = name.slice(at + VERSIONS.length);
  const model = name.slice(0, at);
  return isPlain(model) && isPlain(version) ? { name: model, version } : undefined;
}

function isPlain(name: string): boolean {
  return /^[\w.-]+$/.test(name);
}
