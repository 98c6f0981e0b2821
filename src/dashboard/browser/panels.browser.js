import { LineChart } from "./chart.browser.js";
import { element, setText } from "./element.browser.js";
import { format, timeOfDay, toneOf } from "./format.browser.js";

/** Above more bars than these numbers would lie on each other. */
const MOST_NUMBERS = 16;

/** What a panel becomes: an element, and `show(feed, history, window)`. */
export function makePanel(panel) {
  switch (panel.kind) {
    case "tiles":
      return tiles(panel);
    case "lines":
      return lines(panel);
    case "bars":
      return bars(panel);
    case "table":
      return table(panel);
    default:
      return events(panel);
  }
}

function tiles({ tiles: all }) {
  const shown = all.map((tile) => {
    const value = element("strong", { "data-key": tile.key });
    const box = element("div.tile", { title: tile.hint }, [
      element("span", {}, [tile.label]),
      value,
    ]);
    return { tile, value, box };
  });
  return {
    element: element(
      "section.tiles",
      {},
      shown.map(({ box }) => box),
    ),
    show({ values }) {
      for (const { tile, value } of shown) {
        const now = values[tile.key] ?? null;
        setText(value, format(now, tile.format));
        value.dataset.value = String(now); // exactly, for programs
        if (tile.format === "state") value.dataset.tone = toneOf(now);
      }
    },
  };
}

function lines(panel) {
  const chart = new LineChart(panel);
  return {
    element: chart.element,
    show: (_, history, window) => chart.show(history, window),
    redraw: () => chart.redraw(),
  };
}

function bars({ title, key, format: kind, empty, note }) {
  const box = element("div.bars", { role: "list" });
  const section = panelOf(title, note ? [element("p.legend", {}, [note]), box] : [box]);
  return {
    element: section,
    show({ bars: all }) {
      const found = all[key] ?? [];
      const most = Math.max(0, ...found.map(({ value }) => value));
      if (most === 0) return box.replaceChildren(element("p.empty", {}, [empty]));
      box.replaceChildren(
        ...found.map(({ label, value }) => {
          const bar = element("i");
          bar.style.height = `${((value / most) * 100).toFixed(1)}%`;
          const attributes = { role: "listitem", "data-label": label, "data-value": String(value) };
          return element("div.bar", { ...attributes, title: `${label}: ${value}` }, [
            element("b", { hidden: found.length > MOST_NUMBERS }, [format(value, kind)]),
            element("span", {}, [bar]),
            element("em", {}, [label]),
          ]);
        }),
      );
    },
  };
}

function table({ title, key, columns, empty }) {
  const head = element(
    "tr",
    {},
    columns.map(({ label }) => element("th", { scope: "col" }, [label])),
  );
  const body = element("tbody");
  const nothing = element("p.empty", {}, [empty]);
  const whole = element("table", {}, [element("thead", {}, [head]), body]);
  const section = panelOf(title, [element("div.rows", {}, [whole]), nothing], "wide");
  section.dataset.table = key;
  return {
    element: section,
    show({ tables }) {
      const rows = tables[key] ?? [];
      nothing.hidden = rows.length > 0;
      whole.hidden = rows.length === 0;
      while (body.rows.length > rows.length) body.deleteRow(-1);
      for (const [index, row] of rows.entries())
        fillRow(body.rows[index] ?? body.insertRow(), columns, row);
    },
  };
}

/** Longer texts may be broken anywhere. */
const LONG = 24;

function fillRow(target, columns, row) {
  for (const [index, { key, label, format: kind }] of columns.entries()) {
    const cell = target.cells[index] ?? target.insertCell();
    const value = row[key] ?? null;
    cell.dataset.label = label;
    cell.dataset.key = key;
    cell.dataset.value = String(value);
    const text = format(value, kind);
    if (kind === "state") cell.dataset.tone = toneOf(value);
    else if (kind !== "text") cell.className = "number";
    else cell.className = text.length > LONG ? "long" : "";
    setText(cell, text);
  }
}

function events({ title, empty }) {
  const list = element("ol.events");
  return {
    element: panelOf(title, [list], "wide"),
    show({ events: all }) {
      if (all.length === 0) return list.replaceChildren(element("li.empty", {}, [empty]));
      list.replaceChildren(
        ...all.map(({ atMs, level, text }) =>
          element("li", { "data-level": level }, [
            element("time", { datetime: new Date(atMs).toISOString() }, [timeOfDay(atMs)]),
            element("span", {}, [text]),
          ]),
        ),
      );
    },
  };
}

function panelOf(title, children, more = "") {
  const name = more === "" ? "section.panel" : `section.panel.${more}`;
  return element(name, { "data-panel": title }, [element("h2", {}, [title]), ...children]);
}
