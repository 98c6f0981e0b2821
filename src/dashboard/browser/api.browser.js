import { curlLine } from "./curl.browser.js";
import { element, setText } from "./element.browser.js";
import { prettyJson } from "./format.browser.js";
import { themeButton } from "./theme.browser.js";
import { authorized, knownToken } from "./token.browser.js";
import { showAnswer } from "./answer.browser.js";

const METHODS = ["get", "post", "put", "patch", "delete"];

const answer = await authorized("/openapi.json");
const api = await answer.json();
const hasToken = api.security !== undefined;
document
  .querySelector("header")
  .append(
    element("a", { href: "/dashboard" }, ["dashboard"]),
    element("a", { href: "/openapi.json", download: "openapi.json" }, ["openapi.json"]),
    themeButton(),
  );
const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  METHODS.filter((method) => methods[method]).map((method) => ({
    ...methods[method],
    path,
    method,
  })),
);
document.querySelector("main").append(
  element("p.wide", {}, [api.info.description]),
  ...api.tags.flatMap(({ name, description }) => {
    const own = operations.filter(({ tags }) => tags.includes(name));
    if (own.length === 0) return [];
    return element("section.panel.wide", { "data-panel": name }, [
      element("h2", {}, [name]),
      element("p.legend", {}, [description]),
      ...own.map(operationOf),
    ]);
  }),
);

/** A route, closed; its form is made when it is opened for the first time. */
function operationOf(operation) {
  const { method, path, summary } = operation;
  const details = element("details", { "data-route": `${method} ${path}` }, [
    element("summary", {}, [
      element("code", {}, [`${method.toUpperCase()} ${path}`]),
      " ",
      element("span", {}, [summary ?? ""]),
    ]),
  ]);
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) details.append(formOf(operation));
  });
  return details;
}

function formOf(operation) {
  const { description, parameters = [], requestBody } = operation;
  const fields = parameters.map(fieldOf);
  const types = Object.entries(requestBody?.content ?? {});
  const type = element(
    "select",
    { "aria-label": "Content-Type", hidden: types.length < 2 },
    types.map(([name]) => element("option", { value: name }, [name])),
  );
  const body = element("textarea", { rows: "8", spellcheck: "false", "aria-label": "Body" });
  const file = element("input", { type: "file", "aria-label": "File" });
  const curl = element("pre.curl", { "aria-label": "With curl" });
  const answer = element("div.answer", { role: "status" });
  const request = () => requestOf(operation, { fields, type, body, file });
  const tell = () => setText(curl, curlLine(request(), hasToken));
  const choose = () => {
    const content = requestBody?.content[type.value];
    const isForm = type.value === "multipart/form-data";
    file.hidden = !isForm;
    body.hidden = !content || isForm;
    body.value = exampleText(content);
    tell();
  };
  type.addEventListener("change", choose);
  const form = element("form", {}, [
    ...(description ? [element("p", {}, [description])] : []),
    ...fields.map(({ label }) => label),
    ...(types.length > 0 ? [type, body, file] : []),
    curl,
    element("button", { type: "submit" }, ["Send"]),
    answer,
  ]);
  form.addEventListener("input", tell);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(request(), answer);
  });
  choose();
  return form;
}

function fieldOf({ name, in: place, description, required, schema }) {
  const input = element("input", { name, placeholder: schema?.default ?? "" });
  const text = `${name} (${place}${required ? "" : ", optional"})`;
  const label = element("label", { title: description }, [text, " ", input]);
  return { name, place, input, label };
}

function exampleText(content) {
  if (!content || content.example === undefined) return "";
  return typeof content.example === "string" ? content.example : prettyJson(content.example);
}

/** What would be sent, as the fields are now. */
function requestOf({ path, method }, { fields, type, body, file }) {
  let target = path;
  const query = new URLSearchParams();
  const headers = {};
  for (const { name, place, input } of fields) {
    if (place === "path") target = target.replace(`{${name}}`, encodeURIComponent(input.value));
    else if (input.value === "") continue;
    else if (place === "query") query.set(name, input.value);
    else headers[name] = input.value;
  }
  const text = query.size > 0 ? `${target}?${query}` : target;
  const request = { method: method.toUpperCase(), path: text, headers, body: undefined };
  if (!file.hidden && type.value !== "") {
    request.body = new FormData();
    if (file.files[0]) request.body.set("img_bytes", file.files[0]);
  } else if (!body.hidden) {
    headers["Content-Type"] = type.value;
    request.body = body.value;
  }
  return request;
}

async function send({ method, path, headers, body }, target) {
  target.replaceChildren("…");
  const startedMs = performance.now();
  try {
    const options = { method, headers, ...(body === undefined ? {} : { body }) };
    const answer = await (hasToken || knownToken()
      ? authorized(path, options)
      : fetch(path, options));
    await showAnswer(answer, startedMs, target);
  } catch (error) {
    target.replaceChildren(element("b.bad", {}, [`No answer: ${error.message}`]));
  }
}
