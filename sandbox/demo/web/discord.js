// Draws Discord: a channel with its messages, and the whispers to the person who acts.

import { find, h, keep, tabs } from "./dom.js";
import { drawMessage } from "./message.js";
import { actor, choose, state } from "./state.js";

const NEAR = 80;  // pixels from the end at which a reader still follows what comes

export function drawDiscord() {
  const { channels } = state.seen;
  tabs("channels", channels.map(({ name }) => ({ key: name, label: `# ${name}` })), state.channel, (channel) => choose({ channel }));
  drawMessages(channels.find(({ name }) => name === state.channel));
}

function drawMessages({ messages, whispers }) {
  const list = find("messages");
  const mine = whispers.filter((one) => one.only_for === actor().id && !state.dismissed.has(one.id));
  const all = [...messages, ...mine].sort((one, other) => (BigInt(one.id) < BigInt(other.id) ? -1 : 1));
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
  const isNew = mine.some(({ id }) => !list.kept?.has(id));
  keep(list, all.map((message) => ({ ...message, key: message.id })), drawMessage);
  if (!all.length) keep(list, [{ key: "nothing" }], () => h("p", { class: "nothing" }, "Nothing posted here yet."));
  if (follows || isNew) list.scrollTop = list.lastChild.offsetTop - list.offsetTop;  // no further than its beginning
}
