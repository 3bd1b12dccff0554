"""`make lab` says what it does: where there is no terminal, a line comes while pip installs."""

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def tool():
    spec = importlib.util.spec_from_file_location("install", ROOT / "tools" / "install.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_line_comes_for_each_minute_and_the_status_is_pips(capsys):
    sleeper = subprocess.Popen([sys.executable, "-c", "import sys, time; time.sleep(1); sys.exit(3)"])
    assert tool().waited_for(sleeper, minute=0.4) == 3
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["Still installing, 1 minute so far.", "Still installing, 2 minutes so far."]


def test_pip_says_what_is_wrong_and_its_status_comes_back():
    command = [sys.executable, str(ROOT / "tools" / "install.py"), "--no-index", "no-such-thing-anywhere"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "no-such-thing-anywhere" in done.stderr


def test_make_lab_trusts_the_lessons_and_opens_the_first():
    command = ["make", "-n", "-s", "lab"]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    (trust,) = [line for line in lines if "jupyter trust" in line]
    lessons = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    assert [name in trust for name in lessons] == [True] * len(lessons)
    assert "--LabApp.default_url=/lab/tree/00_win_first.ipynb" in lines[-1]
    assert lines.index(trust) < len(lines) - 1 and sum(line.startswith("echo ") for line in lines) >= 2
