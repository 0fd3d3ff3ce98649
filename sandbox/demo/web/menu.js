// Draws a message's menu: what the bot offers for it, and its address.

import { act } from "./deeds.js";
import { find, h } from "./dom.js";
import { actor, state } from "./state.js";

const MESSAGE = 3;

export function openMenu(button, message) {
  const menu = find("menu");
  const commands = actor().commands.filter(({ type }) => type === MESSAGE);
  const address = `${state.seen.channels.find(({ name }) => name === state.channel).url}/${message}`;
  menu.replaceChildren(
    ...commands.map(({ name }) => item(name, () => act("/command", { name, message }))),
    item("Copy message link", () => navigator.clipboard.writeText(address)));
  menu.showPopover();
  place(menu, button.getBoundingClientRect());
  menu.firstChild.focus();
}

function item(label, deed) {
  return h("button", { type: "button", role: "menuitem", click: () => { find("menu").hidePopover(); deed(); } }, label);
}

/** Put the menu below the button, above it where there is no room. */
function place(menu, { top, bottom, right }) {
  const { offsetHeight: height, offsetWidth: width } = menu;
  menu.style.left = `${Math.max(8, right - width)}px`;
  menu.style.top = `${bottom + height + 8 < innerHeight ? bottom + 4 : Math.max(8, top - height - 4)}px`;
}

find("menu").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const items = [...find("menu").children];
  items.at((items.indexOf(document.activeElement) + step) % items.length).focus();
});
