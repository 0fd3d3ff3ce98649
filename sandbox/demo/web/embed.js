// Draws an embed: a card with a coloured edge.

import { h } from "./dom.js";
import { spans, written } from "./markdown.js";
import { link, moment } from "./words.js";

export function embed(card) {
  const node = h("div", { class: "embed" },
    card.author ? h("small", { class: "author" }, card.author.name) : null,
    card.title ? h("strong", { class: "title" }, ...titled(card)) : null,
    card.description ? h("div", { class: "said" }, ...written(card.description)) : null,
    card.fields?.length ? h("div", { class: "fields" }, ...card.fields.map(field)) : null,
    footer(card));
  if (card.color) node.style.borderLeftColor = `#${card.color.toString(16).padStart(6, "0")}`;
  return node;
}

function titled({ title, url }) {
  const words = spans(title, false);
  return url ? [link(url, ...words)] : words;
}

function field({ name, value, inline }) {
  return h("div", { class: inline ? "field inline" : "field" },
    h("strong", {}, ...spans(name, false)), h("div", { class: "said" }, ...written(value)));
}

function footer({ footer: below, timestamp }) {
  const words = [below?.text, timestamp && moment(timestamp)].filter(Boolean).join(" • ");
  return words ? h("small", { class: "footer" }, words) : null;
}
