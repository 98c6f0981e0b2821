/* oxlint-disable import/default -- scripts that are imported as text have no exports to look for */
// oxlint-disable-next-line typescript/triple-slash-reference -- so that programs that import this library know these types too
/// <reference path="./text-imports.d.ts" />
import { createHash } from "node:crypto";
import uplotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotScript from "uplot/dist/uPlot.iife.min.js" with { type: "text" };
import answerScript from "./browser/answer.browser.js" with { type: "text" };
import apiScript from "./browser/api.browser.js" with { type: "text" };
import apiStyle from "./browser/api.css" with { type: "text" };
import chartScript from "./browser/chart.browser.js" with { type: "text" };
import curlScript from "./browser/curl.browser.js" with { type: "text" };
import elementScript from "./browser/element.browser.js" with { type: "text" };
import feedScript from "./browser/feed.browser.js" with { type: "text" };
import formatScript from "./browser/format.browser.js" with { type: "text" };
import historyScript from "./browser/history.browser.js" with { type: "text" };
import pageScript from "./browser/page.browser.js" with { type: "text" };
import panelsScript from "./browser/panels.browser.js" with { type: "text" };
import themeScript from "./browser/theme.browser.js" with { type: "text" };
import tokenScript from "./browser/token.browser.js" with { type: "text" };
import baseStyle from "./browser/base.css" with { type: "text" };
import panelsStyle from "./browser/panels.css" with { type: "text" };

/** A file that the page loads; it holds no data. */
export interface Asset {
  readonly type: string;
  readonly text: string;
  readonly etag: string;
}

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

/** By their names below /dashboard/assets/. All are in the program: nothing is loaded from elsewhere. */
export const ASSETS: ReadonlyMap<string, Asset> = new Map(
  Object.entries({
    "uplot.js": asset(SCRIPT, uplotScript),
    "uplot.css": asset(STYLE, uplotStyle),
    "page.css": asset(STYLE, baseStyle + panelsStyle + apiStyle),
    "answer.browser.js": asset(SCRIPT, answerScript),
    "api.browser.js": asset(SCRIPT, apiScript),
    "chart.browser.js": asset(SCRIPT, chartScript),
    "curl.browser.js": asset(SCRIPT, curlScript),
    "element.browser.js": asset(SCRIPT, elementScript),
    "feed.browser.js": asset(SCRIPT, feedScript),
    "format.browser.js": asset(SCRIPT, formatScript),
    "history.browser.js": asset(SCRIPT, historyScript),
    "page.browser.js": asset(SCRIPT, pageScript),
    "panels.browser.js": asset(SCRIPT, panelsScript),
    "theme.browser.js": asset(SCRIPT, themeScript),
    "token.browser.js": asset(SCRIPT, tokenScript),
  }),
);

function asset(type: string, text: string): Asset {
  return { type, text, etag: `"${createHash("sha256").update(text).digest("base64url")}"` };
}
