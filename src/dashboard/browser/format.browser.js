const KILO = ["", "k", "M", "G", "T"];
const NOTHING = "–";

/** Words of states, and how good they are; what is not here is neither. */
const TONES = {
  good: ["ready", "running", "READY", "idle", "busy", "ok", "connected"],
  warn: ["starting", "draining", "LOADING", "UNLOADING", "idle-mode", "waiting", "stopping"],
  bad: ["failed", "UNAVAILABLE", "stopped", "lost", "dead", "down", "error"],
};

/** A value as people read it. */
export function format(value, kind) {
  if (value === null || value === undefined || value === "") return NOTHING;
  if (typeof value === "string" || typeof value === "boolean") return String(value);
  switch (kind) {
    case "count":
      return count(value);
    case "short":
      return tight(value);
    case "rate":
      return `${short(value)}/s`;
    case "ms":
      return milliseconds(value);
    case "bytes":
      return bytes(value);
    case "percent":
      return `${short(value * 100)} %`;
    case "duration":
      return duration(value);
    case "time":
      return new Date(value).toLocaleString(undefined, { hour12: false });
    default:
      return short(value);
  }
}

/** "good", "warn", "bad" or nothing. */
export function toneOf(word) {
  const found = Object.entries(TONES).find(([, words]) => words.includes(word));
  return found ? found[0] : "";
}

/** JSON with line breaks; lists of numbers stay on one line. */
export function prettyJson(value) {
  const text = JSON.stringify(value, undefined, 1);
  // A line break is never inside a string.
  return text.replaceAll(/\[\n\s*([^[\]{}"]*?)\n\s*\]/g, (_, list) => {
    return `[${list.replaceAll(/\s*\n\s*/g, " ")}]`;
  });
}

/** The time of day. */
export function timeOfDay(ms) {
  return new Date(ms).toLocaleTimeString(undefined, { hour12: false });
}

/** All its digits as long as a tile has room for them. */
function count(value) {
  return Math.abs(value) < 1e7 ? Math.round(value).toLocaleString("en") : short(value);
}

/** Three digits, and a letter for thousands. */
function short(value) {
  let rest = value;
  let step = 0;
  while (Math.abs(rest) >= 999.5 && step < KILO.length - 1) {
    rest /= 1_000;
    step++;
  }
  return `${digits(rest)}${KILO[step] === "" ? "" : ` ${KILO[step]}`}`;
}

/** At most five signs: "940", "9.4k", "94k". */
function tight(value) {
  const step = KILO.findLastIndex((_, power) => value >= 1_000 ** power);
  if (step <= 0) return digits(value);
  const rest = value / 1_000 ** step;
  return `${rest < 9.95 ? rest.toFixed(1) : rest.toFixed(0)}${KILO[step]}`;
}

function digits(value) {
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return size >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function milliseconds(value) {
  if (value >= 60_000) return duration(value);
  return value >= 1_000 ? `${digits(value / 1_000)} s` : `${digits(value)} ms`;
}

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let rest = value;
  let step = 0;
  while (Math.abs(rest) >= 1_000 && step < units.length - 1) {
    rest /= 1_024;
    step++;
  }
  return `${step === 0 ? rest.toFixed(0) : digits(rest)} ${units[step]}`;
}

function duration(ms) {
  const seconds = Math.floor(ms / 1_000);
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) return "0 s";
  return parts
    .slice(first, first + 2)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(" ");
}
