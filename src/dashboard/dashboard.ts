import type { NotedEvent } from "../telemetry/event-list.ts";
import type { HistoryRows } from "../telemetry/history.ts";

/** How a value is written: "short" has room for five signs, "rate" is so many a second, "state" a word with a colour, "time" a moment (milliseconds since 1970). */
export type Format =
  | "count"
  | "number"
  | "short"
  | "rate"
  | "ms"
  | "bytes"
  | "percent"
  | "duration"
  | "time"
  | "text"
  | "state";

/** A number, a word, or nothing to show. */
export type Cell = string | number | boolean | null;

/** A big number; its value is the feed's `values[key]`. */
export interface Tile {
  key: string;
  label: string;
  format: Format;
  /** What it means, shown where the pointer rests. */
  hint?: string;
}

/** A part of the page, from top to bottom. */
export type Panel =
  | { kind: "tiles"; tiles: readonly Tile[] }
  /** Columns of the feed's history over time. */
  | {
      kind: "lines";
      title: string;
      format: Format;
      series: readonly { column: string; label: string }[];
    }
  /** The feed's `bars[key]`. */
  | { kind: "bars"; title: string; key: string; format: Format; empty: string; note?: string }
  /** The feed's `tables[key]`. */
  | {
      kind: "table";
      title: string;
      key: string;
      columns: readonly { key: string; label: string; format: Format }[];
      empty: string;
    }
  /** The feed's events, the newest first. */
  | { kind: "events"; title: string; empty: string };

/** What the page asks each second. */
export interface FeedQuery {
  /** Milliseconds since 1970: only history after it is wanted; undefined wants all since the start. */
  sinceMs: number | undefined;
  /** One of the feed's scopes; "" is all together. */
  scope: string;
}

/** What the page is told each second; moments are milliseconds since 1970. */
export interface DashboardFeed {
  /** Names this run of the process; with another one the page begins anew. */
  boot: string;
  nowMs: number;
  startedMs: number;
  /** Shown beside the title. */
  state: string;
  /** What can be looked at alone; the page offers a choice where there is more than one. */
  scopes: readonly { id: string; label: string }[];
  values: Readonly<Record<string, Cell>>;
  history: HistoryRows;
  bars: Readonly<Record<string, readonly { label: string; value: number }[]>>;
  tables: Readonly<Record<string, readonly Readonly<Record<string, Cell>>[]>>;
  /** The newest first. */
  events: readonly NotedEvent[];
}

/** A role's page. */
export interface Dashboard {
  /** "ding serve" */
  title: string;
  panels: readonly Panel[];
  /** Other pages of the role, by their path here. */
  links?: readonly { label: string; path: string }[];
  /** Cheap: every open page asks once a second. */
  feed: (query: FeedQuery) => DashboardFeed;
}
