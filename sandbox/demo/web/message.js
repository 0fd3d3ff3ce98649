// Draws one message, part by part: a part that is as before is not touched.

import { act, busy } from "./deeds.js";
import { h, keep } from "./dom.js";
import { embed } from "./embed.js";
import { spans, written } from "./markdown.js";
import { openMenu } from "./menu.js";
import { choose, state } from "./state.js";
import { bytes, link, moment } from "./words.js";

export function drawMessage(message, old) {
  const whisper = message.only_for ? "" : null;
  const node = old ?? h("article", {
    class: "message", id: message.id, tabindex: "-1", "data-bot": message.is_bot ? "" : null, "data-whisper": whisper,
  });
  const held = node.contains(document.activeElement);
  keep(node, parts(message), (part, was) => PARTS[part.key.replace(/\d+$/, "")](part, was));
  if (held && !node.contains(document.activeElement)) node.focus();  // the button that was pressed is gone
  return node;
}

function parts(message) {
  const { id, author, content, edited } = message;
  return [
    { key: "avatar", author },
    message.asked && { key: "asked", ...message.asked },
    message.answers && { key: "answers", to: message.answers.id, author: message.answers.author, content: message.answers.content },
    { key: "head", author, bot: message.is_bot, time: message.time, edited: content ? null : edited },
    content && { key: "said", content, edited },
    message.is_thinking && { key: "thinking", author },
    ...message.attachments.map((file, at) => ({ ...file, key: `file${at}`, message: id })),
    ...message.embeds.map((card, at) => ({ ...card, key: `embed${at}` })),
    ...message.rows.map((buttons, at) => ({ key: `row${at}`, message: id, buttons })),
    message.reactions.length && { key: "reactions", reactions: message.reactions },
    message.only_for ? { key: "private", message: id } : { key: "more", message: id, author },
  ].filter(Boolean);
}

const PARTS = {
  avatar: ({ author }) => h("span", { class: "avatar", "aria-hidden": "true" }, author.slice(0, 1)),
  asked: ({ author, content }) => h("p", { class: "asked" }, h("strong", {}, author), " used ", h("b", {}, content)),
  answers: ({ to, author, content }) =>
    h("p", { class: "answers" }, to ? h("a", { href: `#${to}` }, h("strong", {}, author), " ", ...spans(content, false)) : content),
  head: ({ author, bot, time, edited }) =>
    h("p", { class: "head" }, h("strong", {}, author), bot ? h("span", { class: "tag" }, "BOT") : null,
      h("time", { datetime: time, title: moment(time) },
        new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })), editedAt(edited)),
  said: ({ content, edited }) =>
    h("p", { class: "said" }, ...written(content), " ", editedAt(edited)),
  thinking: ({ author }) => h("p", { class: "thinking", role: "status" }, `${author} is thinking…`),
  file: attachment,
  embed,
  row: ({ message, buttons }, old) => {
    const node = old ?? h("p", { class: "buttons" });
    keep(node, buttons.map((one) => ({ ...one, key: one.custom_id ?? one.url, message })), button);
    return node;
  },
  reactions: ({ reactions }) =>
    h("p", { class: "reactions" }, ...reactions.map(({ emoji, count }) => h("span", {}, `${emoji} ${count}`))),
  private: ({ message }) =>
    h("p", { class: "private" }, "Only you can see this · ",
      h("button", { type: "button", click: () => choose({ dismissed: new Set([...state.dismissed, message]) }) }, "Dismiss message")),
  more: ({ message, author }) =>
    h("button", {
      type: "button", class: "more", "aria-haspopup": "menu", "aria-label": `More about the message of ${author}`,
      click: ({ currentTarget }) => openMenu(currentTarget, message),
    }, "⋯"),
};

const editedAt = (iso) => (iso ? h("small", { class: "edited", title: moment(iso) }, "(edited)") : null);

function attachment(file) {
  const src = `/attachments/${file.message}/${file.id}`;
  const kind = file.type.split("/")[0];
  const player = ["video", "audio"].includes(kind)
    ? h(kind, { src, controls: "", preload: "metadata", "aria-label": file.name }) : null;
  return h("div", { class: player ? "attachment" : "attachment file" }, player,
    h("a", { href: src, download: file.name }, file.name), " ", h("span", {}, bytes(file.bytes)));
}

const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

function button({ label, emoji, style, url, custom_id, disabled, message }) {
  const words = [emoji, label].filter(Boolean).join(" ");
  if (style === 5) {
    const node = link(url, words, h("span", { "aria-hidden": "true" }, " ↗"));
    node.className = "button link";
    return node;
  }
  const press = ({ currentTarget }) => busy(currentTarget, act("/press", { message, custom_id }));
  return h("button", { type: "button", class: `button ${STYLES[style]}`, disabled, click: press }, words);
}
