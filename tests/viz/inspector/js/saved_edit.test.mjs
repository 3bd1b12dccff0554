import assert from "node:assert/strict";
import { test } from "node:test";
import "./dom_stub.mjs";
import { Clock } from "../../../../viz/inspector/js/clock.js";
import { decoded } from "../../../../viz/inspector/js/numbers.js";
import { statesPanel } from "../../../../viz/inspector/js/panels.js";
import { savedEdit } from "../../../../viz/inspector/js/saved_edit.js";
import { EXPECTED, encoded, madeRun, near, payload } from "./made_run.mjs";

const H = 1;
const ADDED = 4; // to both units of the state that timestep 1 of each sample reads
const SAID = "the run with changes, inputs kept";
const edit = (more) => ({
  role: "state",
  name: "h",
  unit: 0,
  t: 1,
  sample: 0,
  text: "<b>h</b>[0]: 0.9 to 5",
  ...more,
});

// A page that an editor saved: the run as it was, and beside it the changed one, whose numbers stand behind it.
function page(beside = {}) {
  const given = payload();
  const numbers = [...decoded(given.data)];
  const read = numbers.length;
  const after = ({ after }) => after;
  const more = (rows, from) => rows.map((row, t) => row.map((number) => number + (t >= from ? ADDED : 0)));
  const all = EXPECTED.map((rows) => [rows[0].h, ...rows.map(after)]);
  for (const rows of all) numbers.push(...more(rows, 1).flat()); // what each timestep reads, and the last one
  const handed = numbers.length;
  for (const rows of all) numbers.push(...more(rows, 2).flat()); // what each hands on
  const own = Object.fromEntries(
    given.values.map(({ start, frames, lag }, v) => [v, { start, frames, lag }]),
  );
  const state = { start: read, frames: 4, lag: 0, after: { start: handed, frames: 4, lag: 0 } };
  const values = {
    ...own,
    [H]: state,
    4: { start: handed, frames: 4, lag: 1 },
    5: { start: handed, frames: 4, lag: 1 },
  };
  const partings = [
    { t: 1, text: "The runs part at t = 1." },
    { t: 1, text: "The runs part at t = 1." },
  ];
  const run = madeRun({
    data: encoded(numbers),
    beside: { said: SAID, notes: [], partings, values, edited: true, ...beside },
  });
  const clock = new Clock(run, 0, () => {});
  const shown = [];
  const above = savedEdit(run, clock, (next, numbers) => {
    run.take(next, numbers);
    shown.push(next);
  });
  return { run, clock, above, shown };
}

test("a saved page begins with the changed run, and its switch shows the run as it was", () => {
  const { run, above, shown } = page();
  const [was, changed] = above.node.all(".rv-switch");
  const pressed = () => [was, changed].map((button) => button.getAttribute("aria-pressed"));
  const check = (added, other, called) => {
    for (const s of [0, 1])
      for (const t of [0, 1, 2]) {
        const { h, after } = EXPECTED[s][t];
        const now = t >= 1 ? ADDED : 0;
        assert.ok(near(run.after[H].at(s, t, 1), after[1] + added * now), `${s} ${t}`);
        assert.ok(near(run.series[H].at(s, t, 1), h[1] + added * now));
        assert.ok(near(run.beside[H].second.at(s, t, 1), after[1] + other * now));
        assert.ok(near(run.beside[H].difference.at(s, t, 1), now)); // always changed less as it was
      }
    assert.deepEqual(run.called, called);
  };
  assert.deepEqual(pressed(), ["false", "true"]);
  check(1, 0, ["changed", "as it was"]);
  was.fire("click");
  assert.deepEqual(pressed(), ["true", "false"]);
  check(0, 1, ["as it was", "changed"]);
  changed.fire("click");
  check(1, 0, ["changed", "as it was"]);
  assert.equal(shown.length, 2);
  const names = statesPanel(run)
    .node.all(".rv-row-name")
    .map((node) => node.textContent);
  assert.ok(names.includes("as it was"));
});

test("the changes are listed, each a button that goes there, and none can be taken back without a kernel", () => {
  const edits = [edit(), edit({ unit: 1, t: 2, sample: 4, text: "h[1]: 1 to 2" }), edit({ t: 99 })];
  const { clock, above } = page({ edits });
  const buttons = above.node.one(".rv-changes").all("button");
  assert.deepEqual(
    buttons.map((button) => button.textContent),
    ["<b>h</b>[0]: 0.9 to 5 (sample 0)", "h[1]: 1 to 2 (sample 4)", "<b>h</b>[0]: 0.9 to 5 (sample 0)"],
  );
  assert.equal(above.node.all(".rv-take-back").length, 0);
  buttons[1].fire("click");
  assert.deepEqual([clock.t, clock.sample, clock.unit], [2, 1, 1]);
  buttons[2].fire("click"); // of a timestep that was cut for size
  assert.equal(clock.t, 2);
  assert.equal(page().above.node.one(".rv-changes").hidden, true);
});

test("above both runs stands what was changed, as a text, and a button that goes where they part", () => {
  const { run, clock, above } = page();
  above.update({ sample: 0 });
  assert.ok(above.node.textContent.includes(`T${SAID.slice(1)}. The runs part at t = 1.`));
  assert.equal(above.node.all("b").length, 1); // no name becomes an element
  above.node.one(".rv-fit").fire("click");
  assert.equal(clock.t, 1);
  assert.equal(run.payload.beside.edited, true);
});

test("the page of two runs that no editor made has no switch", () => {
  const { run, above } = page({ edited: undefined });
  assert.equal(above, null);
  assert.deepEqual(run.called, ["this run", "beside"]);
});
