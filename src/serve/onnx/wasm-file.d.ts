/** What `with { type: "file" }` gives: where the file is. */
declare module "*.wasm" {
  const file: string;
  export { file as default };
}
