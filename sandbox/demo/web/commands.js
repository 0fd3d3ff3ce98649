// Draws slash commands: the list of them, and the form that the message box becomes when one was chosen.

import { act, busy } from "./deeds.js";
import { find, h } from "./dom.js";
import { listbox } from "./listbox.js";
import { actor } from "./state.js";

const CHAT_INPUT = 1;
const [INTEGER, BOOLEAN, NUMBER] = [4, 5, 10];

const slashCommands = () => actor().commands.filter(({ type }) => type === CHAT_INPUT);

/** Let a message box take slash commands: "/" lists them, a whole name and a space begin one. */
export function takeCommands(input) {
  const list = listbox(input, {
    eager: true,
    lookUp: (text) => (/^\/\S* ?\S*$/.test(text) ? slashCommands().filter(({ name }) => `/${name}`.startsWith(text)) : []),
    draw: ({ name, options, description }) => [
      h("strong", {}, `/${name}`), " ", h("span", { class: "options" }, options.map((one) => one.name).join(" ")),
      h("small", {}, description)],
    take: (command) => begin(command),
  });
  input.addEventListener("input", () => {
    const command = slashCommands().find(({ name }) => input.value.startsWith(`/${name} `));
    if (command) begin(command, input.value.slice(command.name.length + 2));
  });
  input.after(list);
}

/** Show the form of a command; `typed` goes into its first option. */
function begin(command, typed = "") {
  const options = command.options.map((option) => field(command, option, () => given(options)));
  const send = h("button", { class: "send" }, "Send");
  const form = find("command");
  form.replaceChildren(
    h("p", { class: "call" }, h("strong", {}, `/${command.name}`), " ", h("small", {}, command.description)),
    ...options.map(({ node }) => node),
    h("p", { class: "ends" }, h("button", { type: "button", click: leaveCommand }, "Cancel"), send));
  form.onsubmit = async (event) => {
    event.preventDefault();
    const answer = await busy(send, act("/command", { name: command.name, options: given(options) }));
    if (answer) leaveCommand();
  };
  form.onkeydown = ({ key }) => { if (key === "Escape") leaveCommand(); };
  [find("composer").hidden, form.hidden] = [true, false];
  const first = options[0]?.input ?? send;
  first.focus();
  if (typed && first !== send) {
    first.value = typed;
    first.dispatchEvent(new Event("input"));
  }
}

/** Show the message box again. */
export function leaveCommand() {
  if (find("command").hidden) return;
  [find("composer").hidden, find("command").hidden] = [false, true];
  find("composer").reset();
  find("composer").elements.content.focus();
}

const given = (options) =>
  Object.fromEntries(options.map(({ name, value }) => [name, value()]).filter(([, value]) => value !== null));

/** Return one option: its `node`, its `input`, and `value()`, null where it was left empty. */
function field(command, option, others) {
  const { name, description, required, type } = option;
  const fixed = type === BOOLEAN ? [{ name: "True", value: true }, { name: "False", value: false }] : option.choices;
  const { input, list, value } = fixed ? select(fixed) : text(command, option, others);
  input.required = Boolean(required);
  const label = h("label", {}, h("span", {}, name, required ? null : h("small", {}, " optional")), input);
  input.title = description;
  return { name, input, value, node: h("div", { class: "option" }, label, list) };
}

function select(choices) {
  const input = h("select", {}, h("option", { value: "" }, "–"), ...choices.map(({ name }, at) => h("option", { value: at }, name)));
  return { input, list: null, value: () => choices[input.value]?.value ?? null };
}

function text(command, option, others) {
  const isNumber = [INTEGER, NUMBER].includes(option.type);
  const input = h("input", { type: isNumber ? "number" : "text", autocomplete: "off", placeholder: option.description });
  let choice = null;
  const typed = () => (isNumber && input.value ? Number(input.value) : input.value || null);
  const value = () => (choice?.name === input.value ? choice.value : typed());
  if (!option.autocomplete) return { input, list: null, value };
  const list = listbox(input, {
    lookUp: async (so_far) => {
      const deed = { name: command.name, option: option.name, typed: so_far, options: others() };
      return (await (await act("/autocomplete", deed))?.json()) ?? [];
    },
    draw: ({ name }) => [name],
    take: (taken) => {
      choice = taken;
      input.value = taken.name;
    },
  });
  return { input, list, value };
}
