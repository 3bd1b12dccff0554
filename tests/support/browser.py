"""A JupyterLab and a Chromium for the tests that need a real browser."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]

#: The marks of a module of such tests.
NEEDS_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(
        BROWSER is None and os.environ.get("CI") != "true",
        reason=f"no browser on this machine (looked for {', '.join(NAMES)}); Debian has the package chromium",
    ),
    # The browser's driver leaves an event loop of its own behind.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@contextlib.contextmanager
def running_lab(folder, environment):
    """The address of a JupyterLab that shows this folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"--no-browser --allow-root --port={port} --ServerApp.token=t --LabApp.news_url="
    command = [sys.executable, "-m", "jupyterlab", *options.split(), f"--ServerApp.root_dir={folder}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, cwd=folder, env=environment, **quiet)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: urllib.request.urlopen(f"{address}/api?token=t", timeout=1).close() or True)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextlib.contextmanager
def running_browser():
    """A Chromium of the machine's own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


def wait_for(done, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if done():
                return
        except (OSError, ValueError):
            pass  # not there yet, or half written: a notebook that is no JSON yet
        time.sleep(0.2)
    raise TimeoutError(f"{done} did not become true within {seconds} s")


class Page:
    """A page that writes down its requests to elsewhere and its errors."""

    def __init__(self, browser, address, offline=False, width=1366, height=768, **look):
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, offline=offline, **look
        )
        self.page = self.context.new_page()
        self.outside, self.errors = [], []
        self.page.on("request", self._note)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)

    def _note(self, request):
        if not request.url.startswith(("data:", "blob:", "file:", "http://127.0.0.1:")):
            self.outside.append(request.url)

    def inspector(self, which=0):
        found = self.page.locator(".rv-inspector").nth(which)
        found.wait_for(timeout=60_000)
        return found

    def tab(self, name, which=0):
        """The inspector with this panel of its tabs shown."""
        inspector = self.inspector(which)
        inspector.get_by_role("tab", name=name, exact=True).click()
        return inspector

    def shown_pictures(self):
        """The still pictures that a reader sees."""
        visible = "n => [...n].filter(i => i.naturalWidth > 300 && i.checkVisibility()).length"
        return self.page.locator("img").evaluate_all(visible)

    def violations(self):
        """What axe finds in the inspectors: rule, and the elements."""
        from axe_playwright_python.sync_playwright import Axe

        found = Axe().run(self.page, context={"include": [[".rv-root"]]}).response["violations"]
        return [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found]


def lab(server, name):
    return f"{server}/lab/tree/{name}?token=t&reset"


def steps_with_arrow_keys(page, which=0):
    """Press right three times and left once on the slider; what it says of itself."""
    slider = page.inspector(which).locator(".rv-slider")
    slider.scroll_into_view_if_needed()
    slider.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        page.page.keyboard.press(key)
    return slider.get_attribute("aria-valuetext")


def saved_page(folder, name, rnn, x, **options):
    import viz

    return viz.inspect(rnn, x, **options).save(folder / f"{name}.html").as_uri()


LONG = "of_a_layer_that_somebody_wrote_down_in_full_and_with_very_great_care_two"


def of_long_names(longer):
    import keras

    from rshop import RecurrentModel

    x, h = keras.Input((3,), name=f"x_{longer}"), keras.Input((3,), name=f"state_{longer}_tm1")
    update = keras.layers.Dense(3, "sigmoid", name=f"update_gate_{longer}")(x)
    reset = keras.layers.Dense(3, "sigmoid", name=f"reset_gate_{longer}")(x)
    n = update * h + (1.0 - update) * reset
    return RecurrentModel(x, n, h, n, return_sequences=True, name=f"model_{longer}")
