// The still picture, for when no script runs, is an output of its own: it is hidden once this script runs.

// As many elements around the inspector are looked at, up to the cell.
const LEVELS = 6;

export function hideStill(el, tail) {
  const area = tail && el.closest(".jp-OutputArea, .jp-Cell-outputWrapper, .cell_output, .output");
  const inside = area ? [...area.querySelectorAll("img")] : [];
  const known = inside.filter((image) => image.src.endsWith(tail));
  for (const image of known) hide(image.closest(".jp-OutputArea-child") || image);
  // A site keeps its pictures as files, whose addresses say nothing: there it is the output before this one.
  if (!known.length && el.hasAttribute("data-rv-still")) hideBefore(el);
}

function hide(node) {
  node.style.display = "none";
}

function hideBefore(el) {
  let node = el;
  for (let level = 0; level < LEVELS && node && !node.matches(".jp-Cell, .cell, body"); level++) {
    const before = node.previousElementSibling;
    const images = before ? [...(before.matches("img") ? [before] : before.querySelectorAll("img"))] : [];
    if (images.length === 1 && !before.querySelector("[data-rv], .rv-root")) return hide(before);
    node = node.parentElement;
  }
}
