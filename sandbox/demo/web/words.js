// Says sizes, moments and addresses as a person reads them.

import { h } from "./dom.js";
import { state } from "./state.js";

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  const step = count && Math.min(3, Math.floor(Math.log10(count) / 3));
  return `${+(count / 1000 ** step).toPrecision(3)} ${units[step]}`;
}

export function moment(iso) {
  return iso.length > 10 ? new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" }) : iso;
}

const entriesIn = (entries) => entries.flatMap((entry) => [entry, ...entriesIn(entry.children ?? [])]);

/**
 * Return a link, or plain text where the address is none of the web. The worlds' addresses, which lead nowhere, lead to
 * what stands for them on this page.
 */
export function link(url, ...label) {
  if (!/^https?:\/\//i.test(url)) return h("span", {}, ...(label.length ? label : [url]));
  let [href, target] = [url, "_blank"];
  const id = url.match(/drive\.google\.com\/(?:file\/d|drive\/folders)\/([\w-]+)/)?.[1];
  const page = url.match(/notion\.so\/(?:.*-)?([0-9a-f]{32})$/)?.[1];
  const message = url.match(/discord\.com\/channels\/\d+\/\d+\/(\d+)/)?.[1];
  const entry = id && entriesIn(state.seen.drive).find((one) => one.id === id);
  if (entry && !entry.children) href = `/files/${id}`;
  else if (id || page || message) [href, target] = [`#${id ?? (page && dashed(page)) ?? message}`, null];
  const words = label.length ? label : [entry?.name ?? shortened(url)];
  return h("a", { href, target, rel: "noopener noreferrer", title: url }, ...words);
}

const dashed = (hex) => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

function shortened(url) {
  const plain = url.replace(/^https?:\/\/(www\.)?/, "");
  return plain.length > 44 ? `${plain.slice(0, 43)}…` : plain;
}
