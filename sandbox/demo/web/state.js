// What the worlds look like now, and what the person at this page has chosen to see of them.

export const state = {
  seen: null,
  channel: "audit-process",
  person: null,
  dismissed: new Set(),
  table: null,
  page: null,
};

let draw = () => {};

export const onChange = (drawAll) => { draw = drawAll; };

/** Change what is chosen, and draw everything anew. */
export function choose(changes) {
  Object.assign(state, changes);
  draw();
}

export const actor = () => state.seen.people.find(({ id }) => id === state.person) ?? state.seen.people[0];
