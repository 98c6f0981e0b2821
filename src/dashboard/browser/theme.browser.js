import { element } from "./element.browser.js";

const KEY = "ding-theme";
const NEXT = { auto: "dark", dark: "light", light: "auto" };
const probe = element("i", { hidden: true });
const SIGNS = { auto: "◐ auto", dark: "● dark", light: "○ light" };

/** A button that goes from what the system wants to dark, to light, and back; `onChange` is told after each change. */
export function themeButton(onChange = () => {}) {
  const button = element("button.quiet", { type: "button" });
  const show = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = SIGNS[theme];
    button.setAttribute("aria-label", `Colours: ${SIGNS[theme]}`);
    onChange();
  };
  let theme = stored();
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    store(theme);
    show(theme);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => onChange());
  show(theme);
  return button;
}

/** A colour of the style, such as "--line", as a canvas takes it: light or dark is decided by the browser. */
export function colour(name) {
  if (!probe.isConnected) document.body.append(probe);
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

function stored() {
  try {
    const theme = localStorage.getItem(KEY);
    return theme in NEXT ? theme : "auto";
  } catch {
    return "auto"; // a browser that keeps nothing
  }
}

function store(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // a browser that keeps nothing
  }
}
