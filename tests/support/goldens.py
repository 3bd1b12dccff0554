"""Texts that are to stay as they are; `RSHOP_WRITE_GOLDENS=1 pytest ...` writes those that changed."""

import os
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "viz"


def assert_golden(name, text):
    path = FOLDER / f"{name}.dot"
    if os.environ.get("RSHOP_WRITE_GOLDENS"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.read_text() == text, f"the drawing {name} changed; look at it, then RSHOP_WRITE_GOLDENS=1"
