// Draws Notion: the databases as tables, and the page that was opened.

import { find, h, keep, tabs } from "./dom.js";
import { choose, state } from "./state.js";
import { link, moment } from "./words.js";

const SHOWN = {
  select: (value) => h("span", { class: "chip", "data-value": value }, value),
  url: (value) => link(value),
  files: (files) => h("span", { class: "files" }, ...files.map(({ name, url }) => link(url, name))),
  date: (value) => moment(value),
  number: (value) => String(value),
};

const isEmpty = (value) => value === null || value === "" || value.length === 0;
const shown = (value, type) => (isEmpty(value) ? null : (SHOWN[type]?.(value) ?? String(value)));
const named = (row) => row.values.Name || "Untitled";

export function drawNotion() {
  const { tables } = state.seen;
  const table = tables.find(({ id }) => id === state.table) ?? tables[0];
  const labels = tables.map(({ id, title, rows }) => ({ key: id, label: `${title} · ${rows.length}` }));
  tabs("tables", labels, table.id, (key) => choose({ table: key, page: null }));
  keep(find("columns"), table.columns.map(({ name }) => ({ key: name })), ({ key }) => h("th", { scope: "col" }, key));
  const page = table.rows.find(({ id }) => id === state.page) ?? table.rows[0];
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

function cell({ value, type, row, name }) {
  if (type === "title") return h("td", {}, h("button", { title: name, click: () => choosePage(row) }, name));
  const title = typeof value === "string" && type === "rich_text" ? value : null;
  return h("td", { class: type === "number" ? "number" : null, title }, shown(value, type));
}

function drawPage({ page, columns }, old) {
  const node = old ?? h("div", { id: page.id });
  const properties = columns.filter(({ type }) => type !== "title")
    .map(({ name, type }) => ({ key: name, type, value: page.values[name] }));
  keep(node, [{ key: "", title: named(page) }, ...properties], ({ key, title, value, type }) =>
    title ? h("h3", {}, title) : h("dl", { class: "property" }, h("dt", {}, key), h("dd", {}, shown(value, type))));
  return node;
}

export function choosePage(page) {
  choose({ page, table: state.seen.tables.find(({ rows }) => rows.some(({ id }) => id === page)).id });
}
