import { z } from "zod";

/** One task of the sweep: a point in the space of hyper-parameters, and how much to train there. */
export const pointSchema = z.strictObject({
  learningRate: z.number().positive().max(10),
  hidden: z.int().min(0).max(512),
  batchSize: z.int().min(1).max(1_000),
  l2: z.number().min(0).max(1),
  epochs: z.int().min(1).max(100),
  samples: z.int().min(100).max(8_000),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1),
});

export type Point = z.infer<typeof pointSchema>;
