// Draws Drive: the tree of folders and files.

import { find, h, keep } from "./dom.js";
import { state } from "./state.js";
import { bytes } from "./words.js";

export function drawDrive() {
  const items = state.seen.drive.map((one) => ({ ...one, key: one.id }));
  keep(find("drive"), items.length ? items : [{ key: "nothing" }], (item, old) =>
    item.id ? entry(item, old) : h("li", { class: "nothing" }, "No file yet."));
}

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
