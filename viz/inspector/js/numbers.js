// Numbers as text, and numbers out of a text.

export function written(number) {
  if (number === undefined) return "–";
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  const text = size !== 0 && (size < 0.001 || size >= 10000) ? number.toExponential(2) : number.toFixed(3);
  return text.replace(/^-0\.000$/, "0.000").replaceAll("-", "−");
}

export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

// The 32-bit numbers that a base64 text holds, as Python wrote them.
export function decoded(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

// A number in at most so many letters, as exact as they allow; nothing where they do not hold its first digit.
export function short(number, letters) {
  if (number === undefined) return "–";
  if (Number.isNaN(number)) return "NaN";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  const sign = number < 0 ? "−" : "";
  const size = Math.abs(number);
  for (let digits = Number.isInteger(number) ? 0 : 3; digits >= 0; digits--) {
    const text = sign + size.toFixed(digits);
    if (digits === 0 && lost(size)) return "";
    if (text.length <= letters) return /^−0(\.0*)?$/.test(text) ? text.slice(1) : text;
    const bare = sign + size.toFixed(digits).replace(/^0\./, ".");
    if (digits && bare.length <= letters) return /^−\.0*$/.test(bare) ? bare.slice(1) : bare;
  }
  return sign + (size < 1e10 ? size.toExponential(0).replace("+", "") : "∞");
}

// Whether the whole number next to it says nothing of it.
function lost(size) {
  return size < 1 && size !== 0;
}
