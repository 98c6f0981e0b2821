import { appendFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** One evaluation: which weights, how they did, when (milliseconds of the clock on the wall). */
export interface Point {
  version: number;
  mean: number;
  at: number;
}

const BARS = "▁▂▃▄▅▆▇█";
/** Of a line for a terminal: so many evaluations, the last ones. */
const LINE_POINTS = 40;
const MOST_RETURN = 500;
const WIDTH = 640;
const HEIGHT = 360;
const MARGIN = 48;
const GOAL = 195;

/**
 * Adds a point to FOLDER/curve.jsonl, draws FOLDER/curve.svg anew, and gives the curve as a line for a terminal. Versions
 * never go back: where this one is older than the last, another run begins, with a curve of its own.
 */
export async function addToCurve(folder: string, point: Point): Promise<string> {
  await mkdir(folder, { recursive: true });
  const data = join(folder, "curve.jsonl");
  const before = await pointsIn(data);
  const isNewRun = (before.at(-1)?.version ?? 0) > point.version;
  const line = `${JSON.stringify(point)}\n`;
  await (isNewRun ? writeFile(data, line) : appendFile(data, line));
  const points = isNewRun ? [point] : [...before, point];
  const picture = join(folder, "curve.svg");
  await writeFile(`${picture}.draft`, drawCurve(points));
  await rename(`${picture}.draft`, picture);
  return lineOf(points);
}

async function pointsIn(file: string): Promise<Point[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Point);
}

/** The last returns as little bars. */
function lineOf(points: readonly Point[]): string {
  return points
    .slice(-LINE_POINTS)
    .map(({ mean }) => BARS[Math.min(BARS.length - 1, Math.floor((mean / MOST_RETURN) * 8))])
    .join("");
}

/** The returns over seconds as a picture (SVG). */
function drawCurve(points: readonly Point[]): string {
  const first = points[0]?.at ?? 0;
  const span = Math.max(1, (points.at(-1)?.at ?? 0) - first);
  const x = (at: number): number => MARGIN + ((at - first) / span) * (WIDTH - 2 * MARGIN);
  const y = (mean: number): number =>
    HEIGHT - MARGIN - (mean / MOST_RETURN) * (HEIGHT - 2 * MARGIN);
  const path = points.map(({ at, mean }) => `${x(at).toFixed(1)},${y(mean).toFixed(1)}`).join(" ");
  const lines = [0, 100, GOAL, 300, 400, 500].map((mean) => {
    const at = y(mean).toFixed(1);
    const dash = mean === GOAL ? ' stroke-dasharray="6 4" stroke="#c43"' : ' stroke="#ddd"';
    return `<line x1="${MARGIN}" x2="${WIDTH - MARGIN}" y1="${at}" y2="${at}"${dash}/><text x="${MARGIN - 6}" y="${at}" text-anchor="end" dominant-baseline="middle">${mean}</text>`;
  });
  const ends = [0, span].map(
    (since) =>
      `<text x="${x(first + since).toFixed(1)}" y="${HEIGHT - MARGIN + 18}" text-anchor="middle">${(since / 1000).toFixed(0)} s</text>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${WIDTH / 2}" y="24" text-anchor="middle" font-size="14">CartPole: mean return of an evaluation</text>`,
    ...lines,
    ...ends,
    `<polyline fill="none" stroke="#27c" stroke-width="2" points="${path}"/>`,
    "</svg>",
    "",
  ].join("\n");
}
