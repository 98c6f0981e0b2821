import { DingError } from "../core/errors.ts";
import { exposition, type Labels, type Sample } from "./exposition.ts";
import type { LogHistogram } from "./log-histogram.ts";
import { Cell, Family, HistogramCell, SECONDS } from "./metric.ts";

interface Metric {
  type: "counter" | "gauge" | "histogram" | "summary";
  help: string;
  samples(): Iterable<Sample>;
}

/** A value for each set of labels. */
export type LabelledValues = Iterable<readonly [labels: Labels, value: number]>;

/** What a summary tells of one set of labels. */
export interface SummaryReading {
  labels: Labels;
  /** Where the quantiles come from: the last while. */
  window: LogHistogram;
  /** What its values are multiplied with. */
  scale: number;
  /** Since the start. */
  sum: number;
  count: number;
}

const QUANTILES = [0.5, 0.9, 0.95, 0.99, 0.999];

/** The metrics of one service, told as Prometheus reads them. */
export class Registry {
  readonly #metrics = new Map<string, Metric>();

  /** A number that only grows; its name ends in `_total`. */
  counter(name: string, help: string): Cell {
    return this.#cell("counter", name, help);
  }

  /** Such numbers by labels. */
  counters(name: string, help: string): Family<Cell> {
    return this.#family("counter", name, help);
  }

  /** A number that is set, and may go up and down. */
  gauge(name: string, help: string): Cell {
    return this.#cell("gauge", name, help);
  }

  /** Such numbers by labels. */
  gauges(name: string, help: string): Family<Cell> {
    return this.#family("gauge", name, help);
  }

  /** A gauge that is read when it is asked for: a number, or one for each set of labels. */
  read(name: string, help: string, now: () => number | LabelledValues): void {
    this.#add(name, { type: "gauge", help, samples: () => samplesOf(now()) });
  }

  /** As `read`, of numbers that only grow. */
  readTotal(name: string, help: string, now: () => number | LabelledValues): void {
    this.#add(name, { type: "counter", help, samples: () => samplesOf(now()) });
  }

  /** Lines of whatever suffixes, read when they are asked for; of a histogram that is counted elsewhere. */
  readHistogram(name: string, help: string, now: () => Iterable<Sample>): void {
    this.#add(name, { type: "histogram", help, samples: now });
  }

  /** Quantiles of the last while, with sum and count since the start; read when asked for, each window at once. */
  readSummary(name: string, help: string, now: () => Iterable<SummaryReading>): void {
    const samples = (): Iterable<Sample> =>
      Iterator.from(now()).flatMap(({ labels, window, scale, sum, count }) => [
        ...window.quantiles(QUANTILES).map((value, index) => ({
          labels: { ...labels, quantile: `${QUANTILES[index]}` },
          value: value * scale,
        })),
        { suffix: "_sum", labels, value: sum },
        { suffix: "_count", labels, value: count },
      ]);
    this.#add(name, { type: "summary", help, samples });
  }

  /** How values are spread over buckets; without limits, over seconds from 0.001 to 60. */
  histogram(name: string, help: string, limits: readonly number[] = SECONDS): HistogramCell {
    const cell = new HistogramCell(limits);
    this.#add(name, { type: "histogram", help, samples: () => cell.samples({}) });
    return cell;
  }

  /** Such spreads by labels. */
  histograms(
    name: string,
    help: string,
    limits: readonly number[] = SECONDS,
  ): Family<HistogramCell> {
    const family = new Family(() => new HistogramCell(limits));
    this.#add(name, {
      type: "histogram",
      help,
      samples: () =>
        Iterator.from(family.cells()).flatMap(({ labels, cell }) => cell.samples(labels)),
    });
    return family;
  }

  /** All metrics in Prometheus' text format. */
  text(): string {
    const metrics = Array.from(this.#metrics, ([name, metric]) =>
      exposition({ name, ...metric }, metric.samples()),
    );
    return metrics.join("");
  }

  #cell(type: "counter" | "gauge", name: string, help: string): Cell {
    const cell = new Cell();
    this.#add(name, { type, help, samples: () => [{ labels: {}, value: cell.value }] });
    return cell;
  }

  #family(type: "counter" | "gauge", name: string, help: string): Family<Cell> {
    const family = new Family(() => new Cell());
    const samples = (): Iterable<Sample> =>
      Array.from(family.cells(), ({ labels, cell }) => ({ labels, value: cell.value }));
    this.#add(name, { type, help, samples });
    return family;
  }

  #add(name: string, metric: Metric): void {
    if (!/^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) || this.#metrics.has(name)) {
      const why = this.#metrics.has(name) ? "there is one of this name" : "not a metric's name";
      throw new DingError("internal.bug", `Cannot add metric "${name}": ${why}`);
    }
    this.#metrics.set(name, metric);
  }
}

function samplesOf(now: number | LabelledValues): Iterable<Sample> {
  if (typeof now === "number") return [{ labels: {}, value: now }];
  return Array.from(now, ([labels, value]) => ({ labels, value }));
}
