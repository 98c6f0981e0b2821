/** Makes an element: its name with classes ("div.tile.big"), attributes, children. Text is text, never markup. */
export function element(name, attributes = {}, children = []) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length > 0) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** Writes text where it has changed: what stays untouched keeps its selection. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
