import assert from "node:assert/strict";
import { test } from "node:test";
import { decoded, grouped, written } from "../../../../viz/inspector/js/numbers.js";

test("a payload's text is little-endian numbers of 32 bits", () => {
  // 00 00 80 3f, 00 00 20 c0, 00 00 c0 7f, 00 00 80 ff
  assert.deepEqual([...decoded("AACAPwAAIMAAAMB/AACA/w==")], [1, -2.5, Number.NaN, Number.NEGATIVE_INFINITY]);
});

test("a number has three places, or an exponent where it is very small or large", () => {
  const cases = [
    [0, "0.000"],
    [0.5, "0.500"],
    [-1.25, "−1.250"],
    [0.0004, "4.00e−4"],
    [12345, "1.23e+4"],
    [-0, "0.000"],
    [undefined, "–"],
    [Number.NaN, "NaN"],
    [Number.NEGATIVE_INFINITY, "−∞"],
  ];
  for (const [number, text] of cases) assert.equal(written(number), text);
});

test("thousands are set apart", () => {
  assert.deepEqual([7, 1234, 1234567].map(grouped), ["7", "1,234", "1,234,567"]);
});
