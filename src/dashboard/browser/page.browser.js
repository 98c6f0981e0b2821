import { element, setText } from "./element.browser.js";
import { Feed } from "./feed.browser.js";
import { timeOfDay, toneOf } from "./format.browser.js";
import { History } from "./history.browser.js";
import { makePanel } from "./panels.browser.js";
import { themeButton } from "./theme.browser.js";

const RANGES = [
  ["5 min", 300],
  ["1 h", 3_600],
  ["24 h", 86_400],
  ["all", Number.POSITIVE_INFINITY],
];

/** Of a server that has just begun. */
const LEAST_SECONDS = 60;

const { panels, links } = await (await fetch("/dashboard/panels")).json();
const history = new History();
const parts = panels.map((panel) => makePanel(panel));
const state = element("span.state", { role: "status" });
const gone = element("p.gone", { role: "alert", hidden: true });
const scopes = element("select", { "aria-label": "What is shown", hidden: true });
const ranges = element("div.ranges", { role: "group", "aria-label": "Time" });
let seconds = RANGES[0][1];
let last;

const feed = new Feed({
  query: () => ({ sinceMs: history.sinceMs, scope: scopes.value }),
  onFeed(fed, { sinceMs }) {
    gone.hidden = true;
    if (last && last.boot !== fed.boot && sinceMs !== undefined) {
      history.clear(); // another process: what was known is of the one before
      last = undefined;
      feed.now();
      return;
    }
    history.add(fed.history, sinceMs === undefined);
    last = fed;
    showScopes(fed.scopes);
    show();
  },
  onGone(reason, pauseMs) {
    gone.hidden = false;
    const since = last ? ` What is shown is of ${timeOfDay(last.nowMs)}.` : "";
    const again = `Trying again in ${Math.round(pauseMs / 1_000)} s.`;
    setText(gone, `The server is gone: ${reason}.${since} ${again}`);
    state.dataset.tone = "bad";
    setText(state, "gone");
  },
});

for (const [label, length] of RANGES) {
  const button = element("button", { type: "button", "aria-pressed": length === seconds }, [label]);
  button.setAttribute("aria-pressed", String(length === seconds));
  button.addEventListener("click", () => {
    seconds = length;
    for (const each of ranges.children) each.setAttribute("aria-pressed", String(each === button));
    show();
  });
  ranges.append(button);
}
scopes.addEventListener("change", () => {
  history.clear();
  feed.now();
});
const theme = themeButton(() => parts.forEach((part) => part.redraw?.()));
const pages = links.map(({ label, path }) => element("a", { href: path }, [label]));
document.querySelector("header").append(state, scopes, ranges, ...pages, theme);
document.querySelector("main").append(gone, ...parts.map((part) => part.element));
feed.now();

function show() {
  if (!last) return;
  setText(state, last.state);
  state.dataset.tone = toneOf(last.state);
  const to = last.nowMs / 1_000;
  const length = Math.min(seconds, Math.max(LEAST_SECONDS, to - last.startedMs / 1_000));
  const window = [to - length, to];
  for (const part of parts) part.show(last, history, window);
}

function showScopes(all) {
  const known = [...scopes.options].map(({ value }) => value).join("\n");
  const ids = all.map(({ id }) => id);
  scopes.hidden = all.length < 2;
  if (known === ids.join("\n")) return;
  const chosen = scopes.value;
  scopes.replaceChildren(...all.map(({ id, label }) => element("option", { value: id }, [label])));
  scopes.value = ids.includes(chosen) ? chosen : (ids[0] ?? "");
}
