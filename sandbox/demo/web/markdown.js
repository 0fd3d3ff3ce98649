// Draws the Markdown that Discord draws in messages and embeds. What is not listed here stays the text that it is.

import { h } from "./dom.js";
import { state } from "./state.js";
import { link } from "./words.js";

/** In this order: what comes first protects its signs from what follows. */
const ESCAPED = [/\\(?<escaped>[^0-9A-Za-z\s])/, /`(?<code>[^`]+)`/];
const LINKS = [
  /\[(?<label>(?:\\.|[^[\]\\])+)\]\((?:<(?<quiet>https?:\/\/[^\s<>]+)>|(?<target>https?:\/\/[^\s<>()]+))\)/,
  /<(?<bracketed>https?:\/\/[^\s<>]+)>/,
  /(?<bare>https?:\/\/[^\s<>]*[^\s<>.,:;"')\]*_~])/,
];
const STYLED = [
  /<(?<sign>[#@])!?(?<mentioned>\d+)>/,
  /<t:(?<unix>\d{1,12})(?::(?<style>[tTdDfFR]))?>/,
  /\*\*(?<strong>(?:\\.|[^\\])+?)\*\*(?!\*)/,
  /__(?<u>(?:\\.|[^\\])+?)__(?!_)/,
  /~~(?<s>(?:\\.|[^\\])+?)~~/,
  /\*(?=\S)(?<em>(?:\\.|[^\\*])+?)\*(?!\*)/,
  /(?<!\w)_(?<em_>(?:\\.|[^\\_])+?)_(?!\w)/,
];
const oneOf = (...rules) => new RegExp(rules.flat().map(({ source }) => source).join("|"), "gsu");
const SPANS = oneOf(ESCAPED, LINKS, STYLED);
const SPANS_WITHOUT_LINKS = oneOf(ESCAPED, STYLED);

/** Return a text of several lines as nodes. */
export function written(text) {
  const pieces = text.split(/```(?:\w*\n)?([^]+?)```/u);
  return pieces.flatMap((piece, at) => (at % 2 ? [h("pre", {}, piece)] : lines(piece)));
}

function lines(text) {
  return text.split("\n").flatMap((line, at) => {
    const nodes = line.startsWith("-# ") ? [h("small", {}, ...spans(line.slice(3)))] : spans(line);
    return at ? ["\n", ...nodes] : nodes;
  });
}

/** Return a line as nodes; where it is no place for `links`, they stay text. */
export function spans(line, links = true) {
  const nodes = [];
  let at = 0;
  for (const found of line.matchAll(links ? SPANS : SPANS_WITHOUT_LINKS)) {
    nodes.push(line.slice(at, found.index), drawn(found.groups, links));
    at = found.index + found[0].length;
  }
  return [...nodes, line.slice(at)];
}

function drawn({ escaped, code, label, sign, mentioned, unix, style, em_, ...found }, links) {
  if (escaped) return escaped;
  if (code) return h("code", {}, code);
  if (sign) return h("span", { class: "mention" }, mention(sign, mentioned));
  if (unix) return timestamp(Number(unix), style);
  if (em_) return h("em", {}, ...spans(em_, links));
  for (const tag of ["strong", "u", "s", "em"]) if (found[tag]) return h(tag, {}, ...spans(found[tag], links));
  const url = found.quiet ?? found.target ?? found.bracketed ?? found.bare;
  return label ? masked(label, url) : link(url);
}

/** A link whose words are an address of their own is none for Discord (discord-api-docs issue 7721): it could lead astray. */
function masked(label, url) {
  const words = spans(label, false);
  return /https?:\/\/\w\w/.test(h("span", {}, ...words).textContent) ? h("span", {}, "[", ...words, "](", link(url), ")") : link(url, ...words);
}

function mention(sign, id) {
  const { channels, people } = state.seen;
  const channel = channels.find(({ url }) => url.endsWith(`/${id}`));
  const person = people.find((one) => one.id === id);
  return (sign === "#" ? channel && `#${channel.name}` : person && `@${person.name}`) ?? `${sign}unknown`;
}

// Timestamps

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
const UNITS = [["year", 31_557_600], ["month", 2_629_800], ["day", 86_400], ["hour", 3600], ["minute", 60], ["second", 1]];
const RELATIVE = new Intl.RelativeTimeFormat("en");

function timestamp(unix, style = "f") {
  const date = new Date(unix * 1000);
  const full = date.toLocaleString([], STYLES.F);
  const words = style === "R" ? relative(unix) : date.toLocaleString([], STYLES[style]);
  return h("time", { datetime: date.toISOString(), title: full, "data-ticks": style === "R" ? unix : null }, words);
}

function relative(unix) {
  const seconds = Math.round(unix - Date.now() / 1000);
  const [unit, length] = UNITS.find(([, most]) => Math.abs(seconds) >= most) ?? UNITS.at(-1);
  return RELATIVE.format(Math.round(seconds / length), unit);
}

setInterval(() => {
  for (const node of document.querySelectorAll("time[data-ticks]")) node.textContent = relative(Number(node.dataset.ticks));
}, 1000);
