// Takes what the person does to the page's server. What comes of it is seen in the next snapshot.

import { find } from "./dom.js";
import { actor, state } from "./state.js";

/** Return the answer, or null where the deed was refused: then the reason is shown. */
export async function act(path, deed) {
  const body = JSON.stringify({ channel: state.channel, ...deed, person: actor().id });
  return sent(path, { headers: { "Content-Type": "application/json" }, body });
}

export async function post(form) {
  const body = new FormData(form);
  body.set("channel", state.channel);
  body.set("person", actor().id);
  return sent("/post", { body });
}

/** Let a button wait while something is done, so that it is not done twice. */
export async function busy(button, deed) {
  button.disabled = true;
  try {
    return await deed;
  } finally {
    button.disabled = false;
  }
}

async function sent(path, request) {
  try {
    const answer = await fetch(path, { method: "POST", ...request });
    find("refusal").textContent = answer.ok ? "" : await answer.text();
    return answer.ok ? answer : null;
  } catch {
    find("refusal").textContent = "The demo does not answer: has it ended?";
    return null;
  }
}
