// Offers choices above a text field while someone types into it.

import { h } from "./dom.js";

const PAUSE_MS = 150;
let count = 0;

/**
 * Make `input` a combobox; return the list for it. `lookUp(text)` returns the choices (or a promise of them), `draw` the
 * nodes of one, `take` is called with the one chosen. `eager`: Enter takes the first without more ado.
 */
export function listbox(input, { lookUp, draw, take, eager = false }) {
  const list = h("ul", { role: "listbox", id: `choices${++count}`, class: "choices", hidden: "", "aria-label": "Choices" });
  let choices = [];
  let at = -1;
  let asked = 0;

  function show(found) {
    choices = found;
    list.replaceChildren(...found.map((choice, number) =>
      h("li", { role: "option", id: `${list.id}-${number}`, mousedown: (event) => { event.preventDefault(); chosen(number); } },
        ...draw(choice))));
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", !list.hidden);
    mark(eager ? 0 : -1);
  }

  function mark(number) {
    at = number;
    [...list.children].forEach((item, other) => item.setAttribute("aria-selected", other === at));
    list.children[at]?.scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[at]?.id ?? "");
  }

  function close() {
    asked += 1;
    show([]);
  }

  function chosen(number) {
    const choice = choices[number];
    close();
    take(choice);
  }

  async function look() {
    const mine = ++asked;
    if (!eager) await new Promise((done) => setTimeout(done, PAUSE_MS));
    if (mine !== asked) return;
    const found = await lookUp(input.value);
    if (mine === asked) show(found);
  }

  input.addEventListener("input", look);
  input.addEventListener("blur", close);
  if (!eager) input.addEventListener("focus", look);
  input.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (list.hidden) return;
    if (step) mark((at + step + choices.length) % choices.length);
    else if (event.key === "Escape") close();
    else if (["Enter", "Tab"].includes(event.key) && choices[at]) chosen(at);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list.id }))
    input.setAttribute(name, value);
  return list;
}
