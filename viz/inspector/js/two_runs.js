// What the page of an editor shows: the run as it was or as changed, and the other one beside it.

import { decoded } from "./numbers.js";

// The payload and its numbers with both runs of an answer in them; `changed` says which of them comes first.
// Without an answer the payload alone.
export function bothRuns(payload, numbers, runs, changed) {
  if (!runs) return { payload, numbers };
  const more = decoded(runs.data);
  const all = new Float32Array(numbers.length + more.length);
  all.set(numbers);
  all.set(more, numbers.length);
  const told = ["beside", "was"].filter((name) => runs[name]);
  const later = Object.fromEntries(told.map((name) => [name, moved(runs[name], numbers.length)]));
  return { payload: ordered(payload, later, changed), numbers: all };
}

// The payload with two runs of which it has the numbers: that with changes, and that without them where it is not
// the payload's own.
export function ordered(payload, runs, changed) {
  const other = (run) => (run ? withRun(payload, run) : payload);
  const [was, is] = [other(runs.was), other(runs.beside)];
  const [first, second] = changed ? [is, was] : [was, is];
  const beside = {
    edited: true,
    partings: runs.beside.partings,
    notes: [],
    own: changed ? "changed" : "as it was",
    name: changed ? "as it was" : "changed",
    secondLess: !changed, // the difference is always what is changed less what was
    values: Object.fromEntries(second.values.map((value, i) => [i, numbersOf(value)])),
    guesses: second.guesses,
  };
  return { ...first, beside };
}

// Where the numbers of a value are. `after` is there for a state of which a timestep reads something else than
// the one before it handed on.
function numbersOf({ start, frames, lag, after }) {
  return { start, frames, lag, after };
}

function withRun(payload, run) {
  const values = payload.values.map((value, i) => ({ ...value, ...numbersOf(run.values[i]) }));
  return {
    ...payload,
    values,
    guesses: run.guesses ?? payload.guesses,
    sources: run.sources ?? payload.sources,
  };
}

// A run whose numbers begin so much later.
function moved(run, by) {
  const later = (sent) => ({
    ...sent,
    start: sent.start + by,
    ...(sent.after ? { after: later(sent.after) } : {}),
  });
  return {
    ...run,
    values: Object.fromEntries(Object.entries(run.values).map(([i, sent]) => [i, later(sent)])),
    guesses: run.guesses?.map((one) => ({
      ...one,
      ...Object.fromEntries(
        ["which", "chances", "others", "ofFirst"]
          .filter((key) => key in one)
          .map((key) => [key, one[key] + by]),
      ),
    })),
  };
}
