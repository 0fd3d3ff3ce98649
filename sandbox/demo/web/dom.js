// Makes and keeps the page's elements. Every word goes through textContent: none of it can be markup.

export const find = (id) => document.getElementById(id);

/** Make an element. Strings among the children become text; null ones are left out. */
export function h(tag, attributes = {}, ...children) {
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
export function keep(parent, items, build) {
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

/** Draw a row of buttons of which one is pressed; `choose(key)` is called for another. */
export function tabs(id, items, current, choose) {
  keep(find(id), items, ({ key }) => h("button", { type: "button", click: () => choose(key) }));
  items.forEach(({ key, label }) => {
    const { node } = find(id).kept.get(key);
    node.textContent = label;
    node.setAttribute("aria-pressed", key === current);
  });
}
