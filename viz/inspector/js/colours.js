// Colours for numbers, and pictures made of them.

export function ramp(stops) {
  const colours = [];
  for (let i = 0; i < 254; i++) {
    const place = (i / 253) * (stops.length - 1);
    const k = Math.min(Math.floor(place), stops.length - 2);
    const [a, b] = [stops[k], stops[k + 1]].map((hex) =>
      [1, 3, 5].map((j) => parseInt(hex.slice(j, j + 2), 16)),
    );
    colours.push(a.map((from, j) => Math.round(from + (b[j] - from) * (place - k))));
  }
  return [...colours, [255, 0, 229], [0, 229, 255]]; // NaN, infinity: in neither map
}

// Black or white, whichever stands out more on a colour: one of them has a contrast of 4.5 or more (WCAG 2).
export function ink(red, green, blue) {
  const [r, g, b] = [red, green, blue].map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

// A picture of colour numbers, 8 bits each, as the text of an image file: BMP needs no canvas and no library.
export function bitmap(width, height, colours, at) {
  const stride = (width + 3) & ~3;
  const bytes = new Uint8Array(1078 + stride * height);
  const view = new DataView(bytes.buffer);
  bytes.set([66, 77]);
  [bytes.length, 0, 1078, 40, width, -height].forEach((word, i) => view.setInt32(2 + 4 * i, word, true));
  view.setInt16(26, 1, true);
  view.setInt16(28, 8, true);
  view.setInt32(46, 256, true);
  colours.forEach(([red, green, blue], i) => bytes.set([blue, green, red, 0], 54 + 4 * i));
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) bytes[1078 + y * stride + x] = at(x, y);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return `data:image/bmp;base64,${btoa(text)}`;
}
