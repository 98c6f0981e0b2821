/** The same request for a shell; the token stays in the shell's environment. */
export function curlLine({ method, path, headers, body }, hasToken) {
  const words = ["curl"];
  if (method !== "GET" && !(method === "POST" && body !== undefined)) words.push("-X", method);
  if (hasToken) words.push('-H "Authorization: Bearer $DING_TOKEN"');
  for (const [name, value] of Object.entries(headers))
    words.push("-H", quoted(`${name}: ${value}`));
  if (body instanceof FormData) words.push("-F", quoted("img_bytes=@image.png"));
  else if (body !== undefined) words.push("--data-binary", quoted(shortened(body)));
  words.push(quoted(new URL(path, location.href).href));
  return words.join(" ");
}

/** On one line where that is the same. */
function shortened(body) {
  try {
    return JSON.stringify(JSON.parse(body));
  } catch {
    return body;
  }
}

function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
