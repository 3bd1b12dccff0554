"""Draws the moving picture of the README, docs/inspector.gif: the inspector stepping through a word model.

Needs a Chromium (Debian's package `chromium`): python tools/draw_inspector.py
"""

import io
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from viz.style.atomic_write import write

DOCS = Path(__file__).parent.parent / "docs"
TEXT = re.findall(r"\w+", "once upon a time there was a cat who sat on a mat and there was a dog")
#: In pixels, the size of the page and of the picture; its colours; and the largest size of the file in bytes.
PAGE, PICTURE, COLOURS, LARGEST = (1366, 768), (956, 538), 96, 2_000_000
#: What happens after each picture, and how long it is shown, in milliseconds.
STEPS = [("ArrowRight", 650)] * 6 + [("unit", 1500), ("ArrowRight", 650), ("ArrowRight", 650)]
STEPS += [("Equations", 1800), ("ArrowRight", 1200), ("Find", 1800), ("hit", 1500), ("Values", 1500)]


def word_model():
    """A model that learnt the text by heart, the text as token ids, and its vocabulary."""
    import keras
    import numpy as np
    from keras import layers

    from rshop import LSTMCell, RecurrentModel

    keras.utils.set_random_seed(1)
    vocabulary = sorted(set(TEXT))
    tokens = np.array([[vocabulary.index(word) for word in TEXT]])
    word = keras.Input((), dtype="int32", name="word")
    h, c = keras.Input((12,), name="h_tm1"), keras.Input((12,), name="c_tm1")
    seen = layers.Embedding(len(vocabulary), 6, name="embedding")(word)
    h_t, *states = LSTMCell(12, input_dim=6, name="lstm")([seen, h, c])
    guess = layers.Dense(len(vocabulary), "softmax", name="next_word")(h_t)
    rnn = RecurrentModel(word, guess, [h, c], states, return_sequences=True, name="word_model")
    model = keras.Sequential([keras.Input((None,), dtype="int32"), rnn])
    model.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")
    model.fit(tokens, np.roll(tokens, -1, 1), epochs=150, verbose=0)
    return rnn, tokens, vocabulary


def photographs(address) -> list:
    """`(picture, milliseconds)` of the inspector at this address, from its first timestep on."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport=dict(zip(("width", "height"), PAGE, strict=True)))
        page.goto(address)
        page.locator(".rv-inspector").wait_for()
        for what, milliseconds in [(None, 1200), *STEPS]:
            act(page, what)
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            found.append((picture.resize(PICTURE, Image.LANCZOS), milliseconds))
        browser.close()
    return found


def act(page, what):
    """Press a key, choose a unit in the run, open a tab, or go to the first place that was found."""
    if what == "unit":
        page.locator(".rv-rows .rv-map").nth(1).click(position={"x": 330, "y": 30})
    elif what == "hit":
        page.locator(".rv-hit").last.click()
    elif what and what.startswith("Arrow"):
        page.keyboard.press(what)
    elif what:
        page.get_by_role("tab", name=what, exact=True).click()


def moving(pictures) -> bytes:
    """A GIF of pictures, each with how long it is shown; all have the colours of one palette."""
    from PIL import Image

    several = Image.new("RGB", (PICTURE[0], PICTURE[1] * 3))
    for i, place in enumerate((0, len(pictures) // 2, len(pictures) - 1)):
        several.paste(pictures[place][0], (0, i * PICTURE[1]))
    palette = several.quantize(COLOURS)
    frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture, _ in pictures]
    out = io.BytesIO()
    durations = [milliseconds for _, milliseconds in pictures]
    frames[0].save(
        out, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=True
    )
    return out.getvalue()


def main():
    """Draw it, and say how large it is."""
    import viz

    rnn, tokens, vocabulary = word_model()
    with tempfile.TemporaryDirectory() as folder:
        shown = viz.inspect(rnn, tokens, labels=TEXT, output_labels=vocabulary)
        picture = moving(photographs(shown.save(Path(folder) / "inspector.html").as_uri()))
    if len(picture) > LARGEST:
        sys.exit(f"{len(picture):,} bytes are more than {LARGEST:,}: use fewer steps or colours")
    write(DOCS / "inspector.gif", picture)
    print(f"docs/inspector.gif: {len(picture):,} bytes, {len(STEPS) + 1} pictures")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
