// Shows what the bot tells over /events. Every word goes through textContent: none of it can be markup.

const PARTS = ["running", "waiting", "ended"];
const MEANT = { running: ["running"], waiting: ["queued", "waiting"], ended: ["succeeded", "failed", "cancelled"] };
const PAGE = 25;
const GIVEN_UP_MS = 5000;

const skips = new URLSearchParams(location.search);
const known = { counts: {}, parts: {}, jobs: {}, failures: [] };
const nodes = new Map();
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const calendar = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });

const find = (id) => document.getElementById(id);
const skipped = (part) => Math.max(Number.parseInt(skips.get(part), 10) || 0, 0);

function h(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) if (value !== null) node.setAttribute(name, value);
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Fill a node anew if what it tells has changed. */
function fill(node, told, build) {
  const text = JSON.stringify(told);
  if (node.told === text) return;
  node.told = text;
  node.replaceChildren(...build(told).filter((child) => child !== null));
}

/** Let `parent` hold these nodes in this order; those that are in their place are not moved. */
function arrange(parent, children) {
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
  while (parent.children.length > children.length) parent.lastChild.remove();
}

function duration(seconds) {
  const s = Math.max(Math.round(seconds), 0);
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s} s`;
}

const moment = (iso, format) => h("time", { datetime: iso }, format.format(new Date(iso)));

function head({ title, emoji, state, percent, next_try, ended, channel, author, posted, error }) {
  return [
    h("span", { class: "emoji", "aria-hidden": "true" }, emoji),
    h("span", { class: "title" }, title),
    h("span", { class: "state" }, state, ...(next_try ? [" at ", moment(next_try, clock)] : [])),
    percent === null ? null : h("progress", { max: 100, value: percent, "aria-label": `Progress of ${title}` }),
    error ? h("span", { class: "error" }, error) : null,
    h(
      "span", { class: "where" }, `#${channel} · ${author} · `, moment(posted, calendar),
      ...(ended ? [" · ended ", moment(ended, calendar)] : []),
    ),
  ];
}

function run({ stage, began, ended, error }) {
  const sign = error ? "✗" : ended ? "✓" : "…";
  const took = h("span", { class: "took", "data-since": ended ? null : began });
  took.textContent = ended ? duration((new Date(ended) - new Date(began)) / 1000) : "";
  return h(
    "li", { "data-stage": stage }, `${sign} ${stage} `, h("span", { class: "took" }, moment(began, clock), " · "), took,
    error ? h("span", { class: "error" }, ` ${error}`) : null,
  );
}

function body({ runs, links }) {
  return [
    runs.length ? h("ol", { class: "timeline", "aria-label": "Stages" }, ...runs.map(run)) : h("p", {}, "Not begun yet."),
    h("p", { class: "links" }, ...links.map(({ name, url }) => h("a", { href: url, rel: "noreferrer" }, name))),
  ];
}

function draw(id, job) {
  let node = nodes.get(id);
  if (!node) {
    node = h("li", { id: `job-${id}` }, h("details", {}, h("summary"), h("div", { class: "more" })));
    nodes.set(id, node);
  }
  node.dataset.status = job.status;
  const { runs, links, ...rest } = job;
  fill(node.querySelector("summary"), rest, head);
  fill(node.querySelector(".more"), { runs, links }, body);
  return node;
}

function pages(part, total) {
  const from = skipped(part);
  const link = (text, skip) => {
    const query = new URLSearchParams(skips);
    skip > 0 ? query.set(part, skip) : query.delete(part);
    return h("a", { href: `/?${query}#${part}-title` }, text);
  };
  return [
    from > 0 ? link(`◀ Previous ${PAGE}`, from - PAGE) : null,
    from > 0 ? h("span", { class: "nothing" }, `${from + 1} to ${Math.min(from + PAGE, total)}`) : null,
    total > from + PAGE ? link(`Next ${Math.min(PAGE, total - from - PAGE)} ▶`, from + PAGE) : null,
  ];
}

function failure({ kind, stage, error, count }) {
  return h("li", {}, h("strong", {}, `${count} × ${kind}`), stage ? ` · ${stage}` : "", h("br"), error);
}

/** Keep the focus where it was, though its node may have moved or been made anew. */
function keepingFocus(change) {
  const focused = document.activeElement;
  const job = focused?.closest("li[id]");
  const href = focused?.getAttribute("href");
  change();
  if (!focused || focused === document.body || document.activeElement === focused) return;
  const same = [...(job ?? document).querySelectorAll("a")].find((link) => link.getAttribute("href") === href);
  (focused.isConnected ? focused : same ?? job?.querySelector("summary"))?.focus({ preventScroll: true });
}

function tick() {
  for (const node of document.querySelectorAll("[data-since]"))
    node.textContent = duration((Date.now() - new Date(node.dataset.since)) / 1000);
}

function announce(before, jobs) {
  const ends = Object.entries(jobs).filter(([id, job]) => job.ended && before[id] && !before[id].ended);
  if (ends.length) find("news").textContent = ends.map(([, job]) => `${job.title}: ${job.state}`).join(". ");
}

function take({ jobs = {}, ...rest }) {
  announce(known.jobs, jobs);
  Object.assign(known, rest);
  Object.assign(known.jobs, jobs);
  const shown = new Set(Object.values(known.parts).flat());
  for (const id of Object.keys(known.jobs)) if (!shown.has(id)) {
    delete known.jobs[id];
    nodes.delete(id);
  }
  keepingFocus(() => {
    for (const part of PARTS) {
      const total = MEANT[part].reduce((sum, status) => sum + known.counts[status], 0);
      const items = known.parts[part].map((id) => draw(id, known.jobs[id]));
      find(`${part}-count`).textContent = total.toLocaleString();
      arrange(find(part), items.length ? items : [h("li", { class: "nothing" }, "None.")]);
      fill(find(`${part}-pages`), total, () => pages(part, total));
    }
    fill(find("failures"), known.failures, (failures) => failures.map(failure));
    find("troubles").hidden = !known.failures.length;
  });
  tick();
}

function say(text, state) {
  const link = find("link");
  delete link.dataset.live;
  delete link.dataset.broken;
  if (state) link.dataset[state] = "";
  if (link.textContent !== text) link.textContent = text;
}

function listen() {
  const query = new URLSearchParams(PARTS.map((part) => [part, skipped(part)]));
  const source = new EventSource(`/events?${query}`);
  source.onmessage = ({ data }) => {
    say("Live", "live");
    take(JSON.parse(data));
  };
  source.onerror = () => {
    say("The bot does not answer: trying again…", "broken");
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), GIVEN_UP_MS);  // it may ask to log in
  };
}

setInterval(tick, 1000);
listen();
