/** "ocr@2": by this a version of a model is known to the page, the status and the statistics. */
export function modelId({ name, version }: { name: string; version: string }): string {
  return `${name}@${version}`;
}
