/** What a supervisor asks its child processes. */
export const CHILD_METHODS = { SET_UP: "set-up", CALL: "call", ATTRIBUTE: "attribute" } as const;

/** With SET_UP; its body is the arguments. */
export interface ChildSetUp {
  /** A path. */
  module: string;
  exportName: string;
  /** Where its shared memory is. */
  sharedPath: string | undefined;
}

/** With CALL (the method; its body is the arguments) and ATTRIBUTE (the field). */
export interface ChildCall {
  name: string;
}
