/** What a child is made of. */
export interface ChildSpec {
  /** The module of a class or a function that gives an object: a path from the current folder, or a URL of a file. */
  module: string | URL;
  /** Default "default". */
  exportName?: string | undefined;
  /** What the class or function gets. */
  args?: readonly unknown[] | undefined;
  /** So much memory for typed arrays in what the methods return, which need not be sent then; default none. */
  sharedBytes?: number | undefined;
}

/** Makes an object in this process; its methods are called as those of a child. */
export type LocalFactory = () => object | Promise<object>;

/** How often a child that has died is started again. */
export interface RestartTerms {
  /** So often within `periodMs`; then its requests fail. Default 5; 0 never. */
  maxRestarts: number;
  /** Default 60,000. */
  periodMs: number;
}

/** A child as its seat sees it: one request at a time. */
export interface Child extends AsyncDisposable {
  /** Resolves when it is ready; rejects, and is gone, when it cannot be. */
  start(): Promise<void>;
  /** Rejects with `task.failed` or what was thrown, and with `worker.exited` when the child dies. */
  call(method: string, args: readonly unknown[]): Promise<unknown>;
  /** A field of the object. */
  attribute(name: string): Promise<unknown>;
  /** Resolves, with the reason, when it is gone. */
  readonly gone: Promise<Error>;
  /** False as soon as nothing can be said to it any more, which may be before it is gone. */
  readonly isReachable: boolean;
  /** Ends it now. */
  kill(): void;
  /** Lets it end by itself: its object is disposed of. */
  stop(): void;
}
