import { type Axis, linearAxis, logAxis } from "./axis.ts";
import { type LevelResult, modesOf, type QUANTILES } from "./level-result.ts";

/** What a picture shows. */
export interface PictureFacts {
  readonly title: string;
  readonly results: readonly LevelResult[];
}

const WIDTH = 760;
const HEIGHT = 460;
const LEFT = 74;
const RIGHT = 30;
const TOP = 70;
const BOTTOM = 62;

const LINES: readonly { name: keyof typeof QUANTILES; color: string }[] = [
  { name: "p50", color: "#2f7ed8" },
  { name: "p95", color: "#d9822b" },
  { name: "p99", color: "#c2343f" },
];

const STYLE = `
  svg { background: #fff; color: #222; font: 12px system-ui, sans-serif }
  text { fill: currentColor }
  .title { font-size: 15px; font-weight: 600 }
  .grid { stroke: currentColor; stroke-opacity: .15 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  .rate { stroke-dasharray: 6 4 }
  .level { font-size: 11px; opacity: .75 }
  @media (prefers-color-scheme: dark) { svg { background: #14161a; color: #ddd } }
`;

const LEVELS = { concurrency: "clients", rate: "requests a second asked for" } as const;

/** Latency (logarithmic) over throughput as SVG: a line for each quantile, a point for each level. */
export function pictureOf({ title, results }: PictureFacts): string {
  const shown = results.filter(({ requestsPerSecond }) => requestsPerSecond > 0);
  const x = linearAxis(shown.map((result) => result.requestsPerSecond));
  const y = logAxis(LINES.flatMap(({ name }) => shown.map(({ latencyMs }) => latencyMs[name])));
  const modes = modesOf(results);
  const levels = modes.map((mode) => LEVELS[mode]).join("; dashed: ");
  const parts = [
    `<text class="title" x="${LEFT}" y="28">${escaped(title)}</text>`,
    ...gridOf(x, y),
    text(LEFT + innerWidth() / 2, HEIGHT - 18, "middle", "answers a second"),
    text(LEFT, TOP - 10, "end", "ms"),
    ...LINES.flatMap(legend),
    ...modes.flatMap((mode, at) => {
      const points = shown.filter((result) => result.mode === mode);
      const look = at === 0 ? "line" : "line rate";
      return LINES.flatMap((line) => curve({ ...line, look }, points, { x, y }));
    }),
    ...shown.map((result) => {
      const top = Math.min(...LINES.map(({ name }) => yOf(y, result.latencyMs[name])));
      return `<text class="level" text-anchor="middle" x="${round(xOf(x, result.requestsPerSecond))}" y="${round(top - 8)}">${result.level}</text>`;
    }),
    text(WIDTH - RIGHT, 46, "end", `numbers at points: ${levels}`),
  ];
  const size = `width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} role="img">\n<style>${STYLE}</style>\n${parts.join("\n")}\n</svg>\n`;
}

function gridOf(x: Axis, y: Axis): string[] {
  const bottom = HEIGHT - BOTTOM;
  const right = WIDTH - RIGHT;
  return [
    ...x.ticks.flatMap((tick) => {
      const at = round(xOf(x, tick));
      return [gridLine(at, TOP, at, bottom), text(at, bottom + 18, "middle", numberText(tick))];
    }),
    ...y.ticks.flatMap((tick) => {
      const at = round(yOf(y, tick));
      return [gridLine(LEFT, at, right, at), text(LEFT - 8, at + 4, "end", numberText(tick))];
    }),
  ];
}

function curve(
  { name, color, look }: (typeof LINES)[number] & { look: string },
  results: readonly LevelResult[],
  { x, y }: { x: Axis; y: Axis },
): string[] {
  const points = results.map(
    ({ requestsPerSecond, latencyMs }) =>
      [round(xOf(x, requestsPerSecond)), round(yOf(y, latencyMs[name]))] as const,
  );
  const path = points.map(([px, py]) => `${px},${py}`).join(" ");
  return [
    `<polyline class="${look}" stroke="${color}" points="${path}"/>`,
    ...points.map(([px, py], at) => {
      const ms = results[at]?.latencyMs[name] ?? 0;
      return `<circle cx="${px}" cy="${py}" r="3.5" fill="${color}"><title>${name} ${ms.toPrecision(3)} ms</title></circle>`;
    }),
  ];
}

function legend({ name, color }: (typeof LINES)[number], at: number): string[] {
  const left = LEFT + at * 70;
  return [
    `<rect x="${left}" y="38" width="14" height="4" fill="${color}"/>`,
    text(left + 20, 45, "start", name),
  ];
}

function gridLine(x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="grid" x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}"/>`;
}

function text(x: number, y: number, anchor: "start" | "middle" | "end", content: string): string {
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(content)}</text>`;
}

function innerWidth(): number {
  return WIDTH - LEFT - RIGHT;
}

function xOf(axis: Axis, value: number): number {
  return LEFT + axis.place(value) * innerWidth();
}

function yOf(axis: Axis, value: number): number {
  return HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function numberText(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 4 });
}

function escaped(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
