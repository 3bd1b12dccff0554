import assert from "node:assert/strict";
import { test } from "node:test";
import { tabs } from "../../../../viz/inspector/js/tabs.js";
import { element } from "./dom_stub.mjs";

function three() {
  const updated = [];
  const panel = (name) => ({ name, node: element(), update: (now) => updated.push(`${name} ${now.t}`) });
  const made = tabs(["one", "two", "three"].map(panel));
  const all = (kind) => made.node.all("").filter((node) => node.attributes.role === kind);
  return { made, updated, buttons: all("tab"), bodies: all("tabpanel") };
}

test("one panel is shown, and only that one is kept up to date", () => {
  const { made, updated, buttons, bodies } = three();
  assert.deepEqual(
    bodies.map((body) => body.hidden),
    [false, true, true],
  );
  made.update({ t: 1 });
  made.update({ t: 2 });
  buttons[2].fire("click");
  made.update({ t: 3 });
  assert.deepEqual(updated, ["one 1", "one 2", "three 2", "three 3"]);
  assert.deepEqual(
    buttons.map((button) => button.attributes["aria-selected"]),
    ["false", "false", "true"],
  );
});

test("arrow keys go from tab to tab, around the end, and no further than the tabs", () => {
  const { buttons, bodies } = three();
  const shown = () => bodies.findIndex((body) => !body.hidden);
  const press = (key) => {
    const event = buttons[0].parentNode.fire("keydown", { key });
    return [shown(), event.stopped];
  };
  assert.deepEqual(press("ArrowLeft"), [2, true]);
  assert.deepEqual(press("ArrowRight"), [0, true]);
  assert.deepEqual(press("End"), [2, true]);
  assert.deepEqual(press("a"), [2, false]);
});
