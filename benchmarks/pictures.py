"""How long the pictures take: `python benchmarks/pictures.py` prints a table beside the bars.

Nothing fails here: a bar that is missed is printed as `OVER`, for somebody to look at.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
STEPS, UNITS = 200, 64

# Run in a fresh process, where nothing was imported yet.
_IMPORT = """import time
{before}
start = time.perf_counter()
import viz
{then}
print(time.perf_counter() - start)"""

_SCRUB = f"""async () => {{
  const slider = document.querySelector(".rv-slider");
  const start = performance.now();
  for (let t = 0; t < {STEPS}; t++) {{
    slider.value = t;
    slider.dispatchEvent(new Event("input"));
    await new Promise(requestAnimationFrame);
  }}
  return {STEPS} / ((performance.now() - start) / 1000);
}}"""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        what: what was measured.
        values: each measurement; none where it was left out.
        unit: `s`, `x` (a ratio) or `1/s`.
        bar: the most that is wanted (of frames a second the least), None for information.
        note: why it was left out.
    """

    what: str
    values: tuple[float, ...]
    unit: str = "s"
    bar: float | None = None
    note: str = ""

    @property
    def word(self) -> str:
        """`holds`, `OVER`, `left out`, or `-` for information.

        Example:
            >>> Row("import viz", (0.1, 0.7, 0.2), bar=0.5).word
            'holds'
        """
        if not self.values or self.bar is None:
            return "-" if self.values else "left out"
        met = self.median >= self.bar if self.unit == "1/s" else self.median <= self.bar
        return "holds" if met else "OVER"

    @property
    def median(self) -> float:
        """The middle of the measurements."""
        return _quantile(self.values, 0.5)

    def cells(self) -> list[str]:
        """The texts of the line: what, median, spread (the middle half), bar, verdict."""
        if not self.values:
            return [self.what, "", "", "", f"left out: {self.note}"]
        low, high = (_quantile(self.values, q) for q in (0.25, 0.75))
        sign = "at least" if self.unit == "1/s" else "at most"
        bar = "" if self.bar is None else f"{sign} {_written(self.bar)} {self.unit}"
        middle, spread = _written(self.median), f"{_written(low)} to {_written(high)}"
        return [self.what, f"{middle} {self.unit}", spread, bar, self.word]


def table(rows: list[Row]) -> str:
    """The rows as aligned text with a heading.

    Example:
        >>> print(table([Row("import viz", (0.1,), bar=0.5)]))
        what        median   spread          bar            verdict
        import viz  0.100 s  0.100 to 0.100  at most 0.500 s  holds
    """
    lines = [["what", "median", "spread", "bar", "verdict"], *[row.cells() for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def measured(repeats: int) -> Iterator[Row]:
    """All rows, one after the other."""
    yield from imports(repeats)
    yield from drawings(repeats)
    yield from inspections(repeats)
    yield from traces(repeats)
    yield frames(repeats)


def imports(repeats: int) -> Iterator[Row]:
    """`import viz` in a fresh process, alone and after `rshop`."""
    for what, before, then in (
        ("import viz", "pass", "pass"),
        ("import viz after rshop, name the inspector", "import rshop", "viz.inspect; viz.edit"),
    ):
        code = _IMPORT.format(before=before, then=then)
        yield Row(what, tuple(_fresh(code) for _ in range(repeats)), bar=0.5)


def drawings(repeats: int) -> Iterator[Row]:
    """Each diagram as SVG."""
    import viz

    lstm, nested = _lstm(10, 5), _nested()
    for what, draw in {
        "draw_step, an LSTM": lambda: viz.draw_step(lstm).svg,
        "draw_step, a nested stack": lambda: viz.draw_step(nested).svg,
        "draw_unrolled, a nested stack, 4 steps": lambda: viz.draw_unrolled(nested).svg,
        "draw_unrolled, a nested stack, 200 steps": lambda: viz.draw_unrolled(nested, steps=200).svg,
    }.items():
        yield Row(what, _times(draw, repeats), bar=0.3)


def inspections(repeats: int) -> Iterator[Row]:
    """The inspector: all of it, and what it does beside the trace."""
    import rshop
    import viz
    from viz.inspector.page import html_page
    from viz.inspector.payload.build_payload import payload_of

    rnn, x = _lstm(UNITS, 16), _normal(1, STEPS, 16)
    trace = rshop.trace(rnn, x)
    size = f"{STEPS} timesteps of {UNITS} units"
    yield Row(f"inspect, {size}", _times(lambda: viz.inspect(rnn, x)._repr_html_(), repeats), bar=1.5)
    record = _times(lambda: html_page.page(*html_page.with_picture(payload_of(rnn, trace))), repeats)
    yield Row("of that, all but the trace", record, bar=1.0)


def traces(repeats: int) -> Iterator[Row]:
    """`trace` as a multiple of a forward pass: a call of the layer, and a compiled `predict`."""
    import keras

    import rshop

    rnn, x = _lstm(UNITS, 16), _normal(8, STEPS, 16)
    inputs = keras.Input(x.shape[1:])
    model = keras.Model(inputs, rnn(inputs))
    tracing = _times(lambda: rshop.trace(rnn, x), repeats)
    yield Row(f"trace, 8 samples, {STEPS} timesteps of {UNITS} units", tracing)
    for what, call in {
        "trace / a call of the layer": lambda: rnn(x),
        "trace / a compiled predict": lambda: model.predict(x, verbose=0),
    }.items():
        single = _quantile(_times(call, repeats), 0.5)
        yield Row(what, tuple(seconds / single for seconds in tracing), "x")


def frames(repeats: int) -> Row:
    """Scrubbing through the inspector in a browser, where there is one."""
    import viz

    what = f"scrub through {STEPS} timesteps"
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return Row(what, (), note="no playwright (pip install playwright)")
    if browser is None:
        return Row(what, (), note=f"no browser (looked for {', '.join(BROWSERS)})")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = viz.inspect(_lstm(UNITS, 16), _normal(1, STEPS, 16)).save(Path(folder) / "long.html")
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": 1366, "height": 768})
        page.goto(path.as_uri())
        page.locator(".rv-slider").wait_for()
        values = tuple(page.evaluate(_SCRUB) for _ in range(repeats))
        chromium.close()
    return Row(what, values, "1/s", bar=30)


def load() -> str:
    """How busy the machine was: beside other work everything takes longer.

    Example:
        >>> load()
        'load average 0.4 on 2 cores'
    """
    cores = os.cpu_count()
    if not hasattr(os, "getloadavg"):
        return f"{cores} cores"
    busy = os.getloadavg()[0]
    more = ": other work was under way, take these times as upper limits" if busy > 1.5 * cores else ""
    return f"load average {busy:.1f} on {cores} cores{more}"


def _lstm(units, features):
    from rshop import LSTMCell

    return LSTMCell(units, input_dim=features).get_layer(return_sequences=True)


def _nested():
    from keras import layers

    from rshop import GRUCell, LSTMCell, RecurrentSequential

    inner, rnn = RecurrentSequential(), RecurrentSequential(return_sequences=True)
    for stack, cells in ((inner, (GRUCell(4), GRUCell(4))), (rnn, (layers.Dense(4), inner, LSTMCell(3)))):
        for cell in cells:
            stack.add(cell)
    rnn.describe((None, 5))
    return rnn


def _normal(*shape):
    import numpy as np

    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _times(call: Callable, repeats: int) -> tuple[float, ...]:
    call()  # the first run loads what it draws with, and compiles
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return tuple(found)


def _fresh(code: str) -> float:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return float(done.stdout)


def _quantile(values, part):
    import numpy as np

    return float(np.quantile(values, part))


def _written(number):
    return f"{number:.3f}" if number < 10 else f"{number:.1f}"


def main(argv: list[str] | None = None) -> int:
    """Measure and print; 0 whatever was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=7, help="measurements of each (default 7)")
    repeats = max(1, parser.parse_args(argv).repeats)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("MPLBACKEND", "Agg")
    print(table(list(measured(repeats))))
    print(load())
    return 0


if __name__ == "__main__":
    # This folder's own modules are not wanted by name.
    sys.path[0] = str(ROOT)
    sys.exit(main())
