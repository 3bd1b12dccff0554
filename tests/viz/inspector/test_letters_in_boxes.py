"""In a browser, whatever fonts the machine has: no letter of a diagram stands out of its box."""

from tests.support.browser import LONG, NEEDS_BROWSER, of_long_names, saved_page

pytestmark = NEEDS_BROWSER


OUT_OF_THEIR_BOX = """(nodes) => nodes.flatMap((node) => {
  const box = node.querySelector("path, polygon, ellipse, rect").getBBox();
  const lines = [...node.querySelectorAll(":scope > text")].map((line) => [line, line.getBBox()]);
  const wide = lines.filter(([, b]) => b.x < box.x || b.x + b.width > box.x + box.width);
  const high = lines.filter(([, b]) => b.y < box.y || b.y + b.height > box.y + box.height);
  const beside = lines.filter(([, b], i) => lines.slice(0, i).some(([, a]) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y + a.height * 0.8 < b.y + b.height * 0.2 === false
    && Math.abs(a.y - b.y) < 3));
  return [...wide, ...high, ...beside].map(([line]) => line.textContent);
})"""


def drawings():
    import viz
    from tests.support.drawings import DRAWN

    for name, build in DRAWN.items():
        rnn = build()
        yield f"{name}, one timestep", viz.draw_step(rnn)
        yield f"{name}, closed", viz.draw_step(rnn, fold=True)
        yield f"{name}, unrolled", viz.draw_unrolled(rnn, steps=50, focus=20)
        yield f"{name}, rolled", viz.draw_unrolled(rnn, rolled=True)


def test_no_letter_of_a_diagram_stands_out_of_its_box(folder, open_page):
    figures = list(drawings())
    path = folder / "diagrams.html"
    pictures = "".join(f"<h2>{name}</h2>{figure.svg}" for name, figure in figures)
    path.write_text(f"<!doctype html><meta charset=utf-8>{pictures}", encoding="utf-8")
    page = open_page(path.as_uri(), offline=True)
    boxes = page.page.locator("svg g.node:has(path), svg g.node:has(ellipse), svg g.cluster")
    assert boxes.count() > 10 * len(figures)
    assert boxes.evaluate_all(OUT_OF_THEIR_BOX) == []


def test_no_letter_of_the_inspectors_diagram_stands_out_of_its_box(folder, open_page):
    import numpy as np

    import viz
    from tests.support.drawings import DRAWN

    for name in ("nested", "lstm"):
        rnn = DRAWN[name]()
        page = open_page(
            viz.inspect(rnn, np.ones((1, 3, 5))).save(folder / f"{name}.html").as_uri(), offline=True
        )
        boxes = page.inspector().locator(".rv-box")
        assert boxes.count() > 8
        assert boxes.evaluate_all(OUT_OF_THEIR_BOX) == []


def test_no_letter_of_a_sign_or_a_long_name_stands_out_of_its_box(folder, open_page):
    import keras
    import numpy as np
    from keras import ops

    from rshop import RecurrentModel

    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    n = ops.sum(ops.logical_not(ops.expand_dims(x, 1)) * ops.expand_dims(h, 1), axis=1)
    signs = RecurrentModel(x, n, h, ops.leaky_relu(n) + ops.hard_sigmoid(h), return_sequences=True)
    for rnn, some in ((signs, "logical_not"), (of_long_names(LONG), "update_gate")):
        page = open_page(saved_page(folder, "signs", rnn, np.ones((1, 3, 3))), offline=True)
        boxes = page.inspector().locator(".rv-box")
        assert any(some in text for text in boxes.all_text_contents())
        assert boxes.evaluate_all(OUT_OF_THEIR_BOX) == []


def test_a_saved_diagram_shrinks_on_a_narrow_page_as_far_as_it_can_be_read(folder, open_page):
    import viz
    from tests.support.drawings import DRAWN

    figure = viz.draw_unrolled(DRAWN["nested"](), steps=50, focus=(20, 25))
    page = open_page(figure.save(folder / "wide.html").as_uri(), offline=True)
    natural = float(figure.svg.split('viewBox="')[1].split()[2])
    width = page.page.locator("svg").evaluate("s => s.getBoundingClientRect().width")
    assert 0.72 * natural < width < 0.74 * natural
    letters = page.page.locator("svg text").evaluate_all(
        "n => Math.min(...n.map(t => t.getBoundingClientRect().height))"
    )
    assert letters > 8
