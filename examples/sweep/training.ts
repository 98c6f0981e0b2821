import { Classifier, type Score } from "./classifier.ts";
import type { Digits } from "./digits.ts";
import type { Point } from "./point.ts";
import { seededRandom, shuffle } from "./random.ts";

const MOMENTUM = 0.9;

/** What is known after each pass over the training samples. */
export interface EpochReport {
  readonly epoch: number;
  readonly trainLoss: number;
}

/**
 * Trains at one point and returns the score on the test digits. It is a generator so that the caller can breathe
 * between two epochs: report progress, look at a signal, stop.
 */
export function* train(point: Point, digits: Digits): Generator<EpochReport, Score> {
  const random = seededRandom(point.seed);
  const classifier = new Classifier(point.hidden, random);
  const order = Array.from(
    { length: Math.min(point.samples, digits.train.labels.length) },
    (_, index) => index,
  );
  for (let epoch = 1; epoch <= point.epochs; epoch++) {
    shuffle(order, random);
    const left = 1 - (epoch - 1) / point.epochs; // a falling rate settles in what a high one has found
    const step = { learningRate: point.learningRate * left, momentum: MOMENTUM, l2: point.l2 };
    const trainLoss = classifier.trainEpoch(digits.train, order, { size: point.batchSize, step });
    yield { epoch, trainLoss };
  }
  return classifier.evaluate(digits.test);
}
