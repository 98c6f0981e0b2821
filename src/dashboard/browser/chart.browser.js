import { element, setText } from "./element.browser.js";
import { format } from "./format.browser.js";
import { colour } from "./theme.browser.js";

/* global uPlot */

const HEIGHT = 190;

/** Lines over time, with what they are at the pointer, or now. */
export class LineChart {
  element;
  #panel;
  #names;
  #plot;
  #box;
  #values;
  #data;
  #window = [0, 1];

  constructor(panel) {
    this.#panel = panel;
    this.#names = panel.series.map(({ column }) => column);
    this.#data = [[], ...this.#names.map(() => [])];
    this.#values = panel.series.map(() => element("b"));
    const legend = panel.series.map(({ label }, index) =>
      element(`span.key.series-${index + 1}`, {}, [label, " ", this.#values[index]]),
    );
    this.#box = element("div.plot", { role: "img", "aria-label": panel.title });
    this.element = element("section.panel", { "data-panel": panel.title }, [
      element("h2", {}, [panel.title]),
      element("p.legend", {}, legend),
      this.#box,
    ]);
    new ResizeObserver(() => this.#resize()).observe(this.#box);
  }

  /** `window` is what the time axis shows, in seconds since 1970. */
  show(history, window) {
    this.#data = history.read(this.#names);
    this.#window = window;
    if (!this.#plot && this.#box.clientWidth > 0) this.#plot = this.#make();
    else this.#plot?.setData(this.#data);
    if (this.#plot?.cursor.idx == null) this.#tell(undefined);
  }

  /** The colours have changed. */
  redraw() {
    this.#plot?.redraw(false, true);
  }

  #make() {
    const axis = {
      stroke: () => colour("--dim"),
      grid: { stroke: () => colour("--grid"), width: 1 },
    };
    return new uPlot(
      {
        width: this.#box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: {
          drag: { x: false, y: false },
          sync: { key: "ding" },
          points: { size: 6 },
        },
        scales: {
          x: { range: () => this.#window },
          y: { range: (_, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
        },
        axes: [
          {
            ...axis,
            space: 90,
            size: 32,
            values: (_, ticks) => ticks.map((at) => this.#timeLabel(at)),
          },
          {
            ...axis,
            size: 64,
            values: (_, ticks) => ticks.map((value) => this.#label(value)),
          },
        ],
        series: [
          {},
          ...this.#names.map((_, index) => ({
            stroke: () => colour(`--series-${index + 1}`),
            width: 1.5,
            points: { show: false },
            spanGaps: false,
          })),
        ],
        hooks: { setCursor: [({ cursor }) => this.#tell(cursor.idx ?? undefined)] },
      },
      this.#data,
      this.#box,
    );
  }

  #tell(index) {
    for (const [series, value] of this.#values.entries()) {
      const column = this.#data[series + 1];
      const at = index ?? column.findLastIndex((each) => each !== null);
      setText(value, format(column[at], this.#panel.format));
    }
  }

  /** There is no half of what is counted. */
  #label(value) {
    const isBetween = this.#panel.format === "count" && !Number.isInteger(value);
    return isBetween ? "" : format(value, this.#panel.format);
  }

  #timeLabel(at) {
    const date = new Date(at * 1_000);
    const [from, to] = this.#window;
    const span = to - from;
    const pad = (number) => String(number).padStart(2, "0");
    const time = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
    if (span > 2 * 86_400) return `${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
    return span > 900 ? time : `${time}:${pad(date.getSeconds())}`;
  }

  #resize() {
    const width = this.#box.clientWidth;
    if (width === 0) return;
    if (!this.#plot) this.#plot = this.#make();
    else this.#plot.setSize({ width, height: HEIGHT });
  }
}
