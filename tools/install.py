"""Install with pip, and let whoever waits see that something happens.

    python tools/install.py -e '.[lab]'

On a terminal pip shows its own bars; elsewhere, as in CI, a line comes each minute. Needs Python alone.
"""

import subprocess
import sys

MINUTE = 60


def main(arguments: list[str]) -> int:
    """Run `pip install` with these arguments; its exit status."""
    command = [sys.executable, "-m", "pip", "install"]
    if sys.stdout.isatty():
        return subprocess.run([*command, *arguments]).returncode
    return waited_for(subprocess.Popen([*command, "--quiet", "--progress-bar", "off", *arguments]))


def waited_for(process, minute: float = MINUTE) -> int:
    """The exit status of a program; a line for each minute until then.

    Example:
        >>> waited_for(subprocess.Popen([sys.executable, "-c", ""]))
        0
    """
    minutes = 0
    while True:
        try:
            return process.wait(minute)
        except subprocess.TimeoutExpired:
            minutes += 1
            print(f"Still installing, {minutes} minute{'s' * (minutes != 1)} so far.", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
