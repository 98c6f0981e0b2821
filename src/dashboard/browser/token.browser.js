import { element } from "./element.browser.js";

const KEY = "ding-token";
let known = read();
/** While it is being asked for, everybody waits for the one answer. */
let asking;

/** `fetch` with the server's token. Where the server wants another one, the person is asked, and it is tried again. */
export async function authorized(url, options = {}) {
  for (;;) {
    const token = known;
    const headers = new Headers(options.headers);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const answer = await fetch(url, { ...options, headers });
    if (answer.status !== 401 && answer.status !== 403) return answer;
    if (token === known) {
      await ask(token ? "This is not the server's token." : "");
    }
  }
}

/** What was given, or "". */
export function knownToken() {
  return known;
}

function ask(fault) {
  asking ??= prompt(fault).then((token) => {
    known = token;
    asking = undefined;
    try {
      sessionStorage.setItem(KEY, token);
    } catch {
      // a browser that keeps nothing: it is asked for again after a reload
    }
  });
  return asking;
}

function prompt(fault) {
  const input = element("input", {
    type: "password",
    name: "token",
    autocomplete: "off",
    spellcheck: "false",
    "aria-label": "Token",
  });
  const form = element("form", { method: "dialog" }, [
    element("h2", {}, ["Token"]),
    element("p", {}, [fault || "This server wants to see its token (--token-file or DING_TOKEN)."]),
    input,
    element("button", { type: "submit" }, ["Go on"]),
  ]);
  const dialog = element("dialog", { "aria-label": "Token" }, [form]);
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
  // Escape would leave a page without data.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const token = input.value.trim();
      if (token === "") return;
      dialog.close();
      dialog.remove();
      resolve(token);
    });
  });
}

function read() {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}
