/** What the models of the bench compute, the same in ding's plugins and in the prototypes. */
export interface BenchModel {
  readonly floatsIn: number;
  readonly floatsOut: number;
  /** One item, from `x` to `y`. */
  readonly run: (x: Float32Array, y: Float32Array) => void;
}

const IMAGE_FLOATS = 3 * 224 * 224;

/** By name. */
export const BENCH_MODELS = {
  /** 64 floats, each doubled. */
  twice: {
    floatsIn: 64,
    floatsOut: 64,
    run: (x, y) => {
      for (let at = 0; at < 64; at++) y[at] = (x[at] as number) * 2;
    },
  },
  /** 35 KB there and back. */
  echo: { floatsIn: 8_960, floatsOut: 8_960, run: (x, y) => y.set(x) },
  /** 602 KB there, ten scores back: pixels from all over, so that the image must have arrived. */
  image: {
    floatsIn: IMAGE_FLOATS,
    floatsOut: 10,
    run: (x, y) => {
      for (let at = 0; at < 10; at++)
        y[at] = x[Math.floor((at * (IMAGE_FLOATS - 1)) / 9)] as number;
    },
  },
} as const satisfies Record<string, BenchModel>;

/** The name of a model of the bench. */
export type BenchModelName = keyof typeof BENCH_MODELS;
