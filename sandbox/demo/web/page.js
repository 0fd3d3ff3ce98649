// Draws what the sandbox's worlds show. Every word of theirs goes through textContent: none of it can be markup.

const find = (id) => document.getElementById(id);
const chosen = { channel: "audit-process", table: null, page: null };
let seen = null;

/** Make an element. Strings among the children become text; null ones are left out. */
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/**
 * Let `parent` hold one node an item (each has a `key`), in order. A node whose item is as before is not touched:
 * a video plays on, an opened text stays open. `build(item, old)` returns the node, the old one if that will do.
 */
function keep(parent, items, build) {
  const before = parent.kept ?? new Map();
  parent.kept = new Map();
  for (const item of items) {
    const was = before.get(item.key);
    const told = JSON.stringify(item);
    parent.kept.set(item.key, was?.told === told ? was : { told, node: build(item, was?.node) });
  }
  const nodes = [...parent.kept.values()].map((one) => one.node);
  for (const child of [...parent.childNodes]) if (!nodes.includes(child)) child.remove();
  nodes.forEach((node, at) => {
    if (parent.childNodes[at] !== node) parent.insertBefore(node, parent.childNodes[at] ?? null);
  });
}

// Words

const bytes = (count) => {
  const units = ["B", "kB", "MB", "GB"];
  const step = count && Math.min(3, Math.floor(Math.log10(count) / 3));
  return `${+(count / 1000 ** step).toPrecision(3)} ${units[step]}`;
};

const moment = (iso) => (iso.length > 10 ? new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : iso);

const entriesIn = (entries) => entries.flatMap((entry) => [entry, ...entriesIn(entry.children ?? [])]);

/** Return a link; the worlds' addresses, which lead nowhere, lead to what stands for them on this page. */
function link(url, label) {
  let [href, target] = [url, "_blank"];
  const id = url.match(/drive\.google\.com\/(?:file\/d|drive\/folders)\/([\w-]+)/)?.[1];
  const page = url.match(/notion\.so\/(?:.*-)?([0-9a-f]{32})$/)?.[1];
  const message = url.match(/discord\.com\/channels\/\d+\/\d+\/(\d+)/)?.[1];
  const entry = id && entriesIn(seen.drive).find((one) => one.id === id);
  if (entry && !entry.children) href = `/files/${id}`;
  else if (id || page || message) [href, target] = [`#${id ?? (page && dashed(page)) ?? message}`, null];
  return h("a", { href, target, rel: "noreferrer", title: url }, label ?? entry?.name ?? shortened(url));
}

const dashed = (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

function shortened(url) {
  const plain = url.replace(/^https?:\/\/(www\.)?/, "");
  return plain.length > 44 ? `${plain.slice(0, 43)}…` : plain;
}

const MARKUP =
  /\\([^\w\s])|\[((?:\\.|[^\]\\])+)\]\(<?(https?:\/\/[^\s<>)]+)>?\)|<?(https?:\/\/[^\s<>]+)>?|\*\*(.+?)\*\*|`([^`]+)`/g;

/** Return a message's text as nodes: links, bold, code, escaped signs. */
function written(text) {
  const nodes = [];
  let at = 0;
  for (const found of text.matchAll(MARKUP)) {
    const [whole, escaped, label, target, url, bold, code] = found;
    nodes.push(text.slice(at, found.index));
    if (escaped) nodes.push(escaped);
    else if (target) nodes.push(link(target, label.replace(/\\(.)/g, "$1")));
    else if (url) nodes.push(link(url));
    else nodes.push(bold ? h("strong", {}, ...written(bold)) : h("code", {}, code));
    at = found.index + whole.length;
  }
  return [...nodes, text.slice(at)];
}

// Discord

function messageParts(message) {
  return [
    { key: "avatar", author: message.author },
    ...(message.answers ? [{ key: "answers", ...message.answers }] : []),
    { key: "head", author: message.author, bot: message.is_bot, time: message.time },
    ...(message.content ? [{ key: "said", text: message.content }] : []),
    ...message.attachments.map((file) => ({ ...file, key: `file${file.id}`, message: message.id })),
    ...message.embeds.map((embed, at) => ({ ...embed, key: `embed${at}` })),
    ...(message.buttons.length ? [{ key: "buttons", buttons: message.buttons }] : []),
    ...(message.reactions.length ? [{ key: "reactions", reactions: message.reactions }] : []),
  ];
}

const PARTS = {
  avatar: (part) => h("span", { class: "avatar", "aria-hidden": "true" }, part.author.slice(0, 1)),
  answers: (part) => h("p", { class: "answers" }, `${part.author}: ${part.content}`),
  head: (part) =>
    h("p", { class: "head" }, h("strong", {}, part.author), part.bot ? h("span", { class: "tag" }, "BOT") : null,
      h("time", { datetime: part.time, title: moment(part.time) },
        new Date(part.time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }))),
  said: (part) => h("p", { class: "said" }, ...written(part.text)),
  buttons: (part) =>
    h("p", { class: "buttons" },
      ...part.buttons.map((button) => (button.url ? link(button.url, button.label) : h("button", { disabled: "" }, button.label)))),
  reactions: (part) =>
    h("p", { class: "reactions" }, ...part.reactions.map((one) => h("span", {}, `${one.emoji} ${one.count}`))),
};

function attachment(file) {
  const src = `/attachments/${file.message}/${file.id}`;
  const kind = file.type.split("/")[0];
  const player = ["video", "audio"].includes(kind)
    ? h(kind, { src, controls: "", preload: "metadata", "aria-label": file.name }) : null;
  return h("div", { class: "attachment" }, player,
    h("a", { href: src, target: "_blank" }, file.name), " ", h("span", {}, bytes(file.bytes)));
}

function embed(card) {
  const color = card.color ? `#${card.color.toString(16).padStart(6, "0")}` : null;
  const fields = (card.fields ?? []).map((field) =>
    h("div", { class: field.inline ? "field inline" : "field" }, h("strong", {}, field.name), h("div", { class: "said" }, ...written(field.value))));
  const node = h("div", { class: "embed" },
    card.author ? h("small", {}, card.author.name) : null,
    card.title ? h("div", {}, h("strong", {}, card.url ? link(card.url, card.title) : card.title)) : null,
    card.description ? h("div", { class: "said" }, ...written(card.description)) : null,
    fields.length ? h("div", { class: "fields" }, ...fields) : null,
    card.footer ? h("small", {}, card.footer.text) : null);
  if (color) node.style.borderLeftColor = color;
  return node;
}

function part(item) {
  if (item.key.startsWith("embed")) return embed(item);
  return PARTS[item.key] ? PARTS[item.key](item) : attachment(item);
}

function drawDiscord() {
  tabs("channels", seen.channels.map(({ name }) => ({ key: name, label: `# ${name}` })), chosen.channel, (key) => {
    chosen.channel = key;
  });
  const list = find("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80;
  const { messages } = seen.channels.find(({ name }) => name === chosen.channel);
  keep(list, messages.map((message) => ({ ...message, key: message.id })), (message, old) => {
    const node = old ?? h("article", { class: "message", id: message.id, "data-bot": message.is_bot ? "" : null });
    keep(node, messageParts(message), part);
    return node;
  });
  if (!messages.length) keep(list, [{ key: "nothing" }], () => h("p", { class: "nothing" }, "Nothing posted here yet."));
  if (atEnd) list.scrollTop = list.scrollHeight;
}

// Notion

const SHOWN = {
  select: (value) => h("span", { class: "chip", "data-value": value }, value),
  url: (value) => link(value),
  files: (urls) => h("span", { class: "files" }, ...urls.map((url) => link(url))),
  date: (value) => moment(value),
  number: (value) => String(value),
};

const isEmpty = (value) => value === null || value === "" || value.length === 0;
const shown = (value, type) => (isEmpty(value) ? null : (SHOWN[type]?.(value) ?? String(value)));
const named = (row) => row.values.Name || "Untitled";

function cell({ value, type, row, name }) {
  if (type === "title") return h("td", {}, h("button", { title: name, click: () => choosePage(row) }, name));
  const title = typeof value === "string" && type === "rich_text" ? value : null;
  return h("td", { class: type === "number" ? "number" : null, title }, shown(value, type));
}

function drawNotion() {
  const table = seen.tables.find(({ id }) => id === chosen.table) ?? seen.tables[0];
  tabs("tables", seen.tables.map(({ id, title, rows }) => ({ key: id, label: `${title} · ${rows.length}` })), table.id, (key) => {
    [chosen.table, chosen.page] = [key, null];
  });
  keep(find("columns"), table.columns.map(({ name }) => ({ key: name })), ({ key }) => h("th", { scope: "col" }, key));
  const page = table.rows.find(({ id }) => id === chosen.page) ?? table.rows[0];
  keep(find("rows"), table.rows.map((row) => ({ ...row, key: row.id, chosen: row === page })), (row, old) => {
    const node = old ?? h("tr", {});
    node.toggleAttribute("data-chosen", row.chosen);
    const cells = table.columns.map(({ name, type }) => ({ key: name, value: row.values[name], type, row: row.id, name: named(row) }));
    keep(node, cells, cell);
    return node;
  });
  const open = page ? [{ key: page.id, page, columns: table.columns }] : [{ key: "nothing" }];
  keep(find("page"), open, (item, old) => (item.page ? drawPage(item, old) : h("p", { class: "nothing" }, "No page yet.")));
}

function drawPage({ page, columns }, old) {
  const node = old ?? h("div", { id: page.id });
  const properties = columns.filter(({ type }) => type !== "title")
    .map(({ name, type }) => ({ key: name, type, value: page.values[name] }));
  keep(node, [{ key: "", title: named(page) }, ...properties], ({ key, title, value, type }) =>
    title ? h("h3", {}, title) : h("dl", { class: "property" }, h("dt", {}, key), h("dd", {}, shown(value, type))));
  return node;
}

function choosePage(id) {
  chosen.table = seen.tables.find(({ rows }) => rows.some((row) => row.id === id)).id;
  chosen.page = id;
  draw();
}

// Drive

function entry(item, old) {
  if (item.children) {
    const node = old ?? h("li", { id: item.id }, h("div", { class: "entry" }, h("span", { class: "folder" }, item.name)), h("ul"));
    keep(node.lastChild, item.children.map((child) => ({ ...child, key: child.id })), entry);
    return node;
  }
  const size = h("span", { class: "size", title: `${item.bytes} bytes, md5 ${item.md5}` }, bytes(item.bytes));
  const name = h("a", { href: `/files/${item.id}`, target: "_blank" }, item.name);
  return h("li", { id: item.id }, h("div", { class: "entry" }, name, size), item.name.endsWith(".txt") ? readable(item) : null);
}

/** Return a text file's words, fetched when they are opened. */
function readable(file) {
  const text = h("pre", { tabindex: "0" });
  const read = async ({ target }) => {
    if (target.open) text.textContent = await (await fetch(`/files/${file.id}`)).text();
  };
  return h("details", { toggle: read }, h("summary", {}, "Read"), text);
}

function drawDrive() {
  const items = seen.drive.map((one) => ({ ...one, key: one.id }));
  keep(find("drive"), items.length ? items : [{ key: "nothing" }], (item, old) =>
    item.id ? entry(item, old) : h("li", { class: "nothing" }, "No file yet."));
}

// The page

function tabs(id, items, current, choose) {
  keep(find(id), items, ({ key }) => h("button", { type: "button", click: () => { choose(key); draw(); } }));
  items.forEach(({ key, label }) => {
    const { node } = find(id).kept.get(key);
    node.textContent = label;
    node.setAttribute("aria-pressed", key === current);
  });
}

function drawState() {
  const state = find("state");
  const checks = `${seen.checked} requests and answers checked, ${seen.violations.length} violations`;
  state.textContent = `${seen.connected ? "Bot connected" : "Bot not connected"} · ${checks}`;
  state.title = seen.violations.join("\n");
  state.toggleAttribute("data-live", seen.connected && !seen.violations.length);
  state.toggleAttribute("data-broken", seen.violations.length > 0);
}

function drawLinks() {
  keep(find("links"), [{ key: "" }, ...Object.entries(seen.links).map(([key, url]) => ({ key, url }))], ({ key, url }) =>
    key ? h("button", { type: "button", title: url, click: () => offer(url) }, key) : h("span", {}, "Try"));
}

function offer(url) {
  const input = find("composer").elements.content;
  input.value = url;
  input.focus();
}

function draw() {
  drawState();
  drawDiscord();
  drawNotion();
  drawDrive();
  drawLinks();
}

async function post(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector(".primary");
  const fields = new FormData(form);
  fields.set("channel", chosen.channel);
  button.disabled = true;
  try {
    const answer = await fetch("/post", { method: "POST", body: fields });
    find("refusal").textContent = answer.ok ? "" : await answer.text();
    if (answer.ok) form.reset();
  } catch {
    find("refusal").textContent = "The demo does not answer: has it ended?";
  } finally {
    button.disabled = false;
  }
}

const events = new EventSource("/events");
events.onmessage = ({ data }) => {
  const next = JSON.parse(data);
  const known = new Set(seen?.tables.flatMap(({ rows }) => rows.map(({ id }) => id)));
  const newest = next.tables.flatMap(({ rows }) => rows).findLast(({ id }) => !known.has(id));
  seen = next;
  if (newest) choosePage(newest.id);
  else draw();
};
events.onerror = () => {
  find("state").textContent = "The demo has ended";
  find("state").removeAttribute("data-live");
};
find("composer").addEventListener("submit", post);
addEventListener("hashchange", () => {
  const id = decodeURIComponent(location.hash.slice(1));
  if (seen?.tables.some(({ rows }) => rows.some((row) => row.id === id))) choosePage(id);
});
