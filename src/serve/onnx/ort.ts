/** What onnxruntime-node and onnxruntime-web have in common, as far as it is used here. */
export interface OrtModule {
  readonly InferenceSession: {
    create(model: string | Uint8Array, options: OrtSessionOptions): Promise<OrtSession>;
  };
  readonly Tensor: new (type: string, data: OrtData, dims: readonly number[]) => OrtTensor;
}

/** What is asked of a session. */
export interface OrtSessionOptions {
  readonly executionProviders?: readonly (string | { readonly name: string })[];
  readonly intraOpNumThreads?: number;
  readonly interOpNumThreads?: number;
  readonly logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  readonly externalData?: readonly { readonly path: string; readonly data: Uint8Array }[];
}

/** A model that is loaded. */
export interface OrtSession {
  readonly inputMetadata: readonly OrtMetadata[];
  readonly outputMetadata: readonly OrtMetadata[];
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: readonly string[],
    options: { readonly logSeverityLevel?: OrtSessionOptions["logSeverityLevel"] },
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** What a session says of an input or output. */
export type OrtMetadata =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: string;
      /** A name, or a number below zero (also as an unsigned one), stands for any size. */
      readonly shape: readonly (number | string)[];
    };

/** Elements as the runtime takes and gives them. */
export type OrtData = ArrayBufferView | readonly string[];

/** A tensor as the runtime takes and gives it. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: OrtData;
  readonly location: string;
}
