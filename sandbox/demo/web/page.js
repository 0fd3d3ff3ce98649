// Draws the whole page anew with each snapshot of the worlds.

import { drawComposer } from "./composer.js";
import { drawDiscord } from "./discord.js";
import { find } from "./dom.js";
import { drawDrive } from "./drive.js";
import { choosePage, drawNotion } from "./notion.js";
import { choose, onChange, state } from "./state.js";

function drawState() {
  const { connected, checked, violations } = state.seen;
  const line = find("state");
  const checks = `${checked} requests and answers checked, ${violations.length} violations`;
  line.textContent = `${connected ? "Bot connected" : "Bot not connected"} · ${checks}`;
  line.title = violations.join("\n");
  line.toggleAttribute("data-live", connected && !violations.length);
  line.toggleAttribute("data-broken", violations.length > 0);
}

onChange(() => {
  drawState();
  drawDiscord();
  drawNotion();
  drawDrive();
  drawComposer();
});

const events = new EventSource("/events");
events.onmessage = ({ data }) => {
  const seen = JSON.parse(data);
  const known = new Set(state.seen?.tables.flatMap(({ rows }) => rows.map(({ id }) => id)));
  const newest = seen.tables.flatMap(({ rows }) => rows).findLast(({ id }) => !known.has(id));
  state.seen = seen;
  if (newest) choosePage(newest.id);
  else choose({});
};
events.onerror = () => {
  find("state").textContent = "The demo has ended";
  find("state").removeAttribute("data-live");
};
addEventListener("hashchange", () => {
  const id = decodeURIComponent(location.hash.slice(1));
  if (state.seen?.tables.some(({ rows }) => rows.some((row) => row.id === id))) choosePage(id);
});
