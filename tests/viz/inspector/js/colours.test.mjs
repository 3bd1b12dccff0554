import assert from "node:assert/strict";
import { test } from "node:test";
import { bitmap, ink, ramp } from "../../../../viz/inspector/js/colours.js";

test("a ramp goes from its first colour to its last in 254 steps, with NaN and infinity apart", () => {
  const colours = ramp(["#000000", "#ff8000", "#ffffff"]);
  assert.equal(colours.length, 256);
  assert.deepEqual(colours[0], [0, 0, 0]);
  assert.deepEqual(colours[253], [255, 255, 255]);
  assert.deepEqual(colours[127], [255, 129, 1]); // just past the middle stop, half a step of 126.5 further
  assert.equal(new Set(colours.slice(254).map(String)).size, 2);
});

test("a bitmap holds its colour numbers row by row from the top, each row filled up to four bytes", () => {
  const colours = Array.from({ length: 256 }, (_, i) => [i, 0, 255 - i]);
  const text = bitmap(3, 2, colours, (x, y) => 10 * y + x);
  const bytes = Buffer.from(text.replace("data:image/bmp;base64,", ""), "base64");
  assert.equal(bytes.toString("latin1", 0, 2), "BM");
  assert.equal(bytes.readInt32LE(2), bytes.length);
  assert.deepEqual([bytes.readInt32LE(18), bytes.readInt32LE(22)], [3, -2]); // negative: top row first
  const start = bytes.readInt32LE(10);
  assert.deepEqual([...bytes.subarray(start)], [0, 1, 2, 0, 10, 11, 12, 0]);
  assert.deepEqual([...bytes.subarray(54 + 4 * 7, 54 + 4 * 8)], [248, 0, 7, 0]); // blue, green, red
});

test("the ink on every colour has a contrast of 4.5 or more", () => {
  const light = (colour) =>
    [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
      const share = colour[i] / 255;
      return sum + weight * (share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4);
    }, 0);
  for (let n = 0; n < 512; n++) {
    const colour = [n >> 6, (n >> 3) & 7, n & 7].map((part) => (part * 255) / 7);
    const paper = light(colour);
    const contrast = ink(...colour) === "#ffffff" ? 1.05 / (paper + 0.05) : (paper + 0.05) / 0.05;
    assert.ok(contrast >= 4.5, `${colour}: ${contrast}`);
  }
});
