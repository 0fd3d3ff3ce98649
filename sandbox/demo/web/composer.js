// Draws the box for messages: who acts, links to try, a text, a file.

import { leaveCommand, takeCommands } from "./commands.js";
import { busy, post } from "./deeds.js";
import { find, h, keep } from "./dom.js";
import { actor, choose, state } from "./state.js";

export function drawComposer() {
  const { people, links } = state.seen;
  keep(find("person"), people.map(({ id, name, role }) => ({ key: id, name, role })), ({ key, name, role }) =>
    h("option", { value: key }, `${name} · ${role}`));
  find("person").value = actor().id;
  keep(find("links"), [{ key: "" }, ...Object.entries(links).map(([key, url]) => ({ key, url }))], ({ key, url }) =>
    key ? h("button", { type: "button", title: url, click: () => offer(url) }, key) : h("span", {}, "Try"));
}

function offer(url) {
  leaveCommand();
  const input = find("composer").elements.content;
  input.value = url;
  input.focus();
}

find("composer").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (await busy(form.querySelector(".send"), post(form))) form.reset();
});
find("person").addEventListener("change", ({ target }) => {
  leaveCommand();
  choose({ person: target.value });
});
takeCommands(find("composer").elements.content);
