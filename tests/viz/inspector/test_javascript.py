"""The numbers and the panels of the inspector's script, tested by Node's own runner without a browser."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.node import NEEDS_NODE, node

ROOT = Path(__file__).resolve().parents[3]
TESTS = sorted((Path(__file__).parent / "js").glob("*.test.mjs"))
BIOME = shutil.which("biome", path=Path(sys.executable).parent)


@NEEDS_NODE
def test_every_module_does_what_its_tests_say():
    done = node("--test", *TESTS)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = int(re.search(r"^\S+ pass (\d+)$", done.stdout, re.MULTILINE)[1])
    written = sum(len(re.findall(r"^test\(", path.read_text(), re.MULTILINE)) for path in TESTS)
    assert passed == written > 40


@pytest.mark.skipif(BIOME is None, reason="no wheel of biome for this machine")
def test_the_script_is_formatted_and_uses_no_name_that_it_does_not_import():
    done = subprocess.run([BIOME, "check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(BIOME is None, reason="no wheel of biome for this machine")
def test_a_release_that_lies_unpacked_in_build_is_nothing_to_the_formatter(tmp_path):
    """It has a `biome.json` of its own, and a second one stops biome."""
    script = tmp_path / "viz" / "inspector" / "js" / "one.js"
    script.parent.mkdir(parents=True)
    script.write_text("export const one = 1;\n")
    for folder in (tmp_path, tmp_path / "build" / "release" / "source"):
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "biome.json", folder)
    done = subprocess.run([BIOME, "check"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    script.write_text("export const one = two\n")
    assert subprocess.run([BIOME, "check"], cwd=tmp_path, capture_output=True).returncode != 0
