"""Node for the tests of JavaScript: which one, and running a script in it."""

import os
import re
import shutil
import subprocess

import pytest

OLDEST = 18  # the first with a test runner of its own
NODE = shutil.which("node")
VERSION = int(re.match(r"v(\d+)", subprocess.check_output([NODE, "--version"], text=True))[1]) if NODE else 0

#: The mark of such a test: skipped on a machine without Node, but not where CI is set.
NEEDS_NODE = pytest.mark.skipif(
    VERSION < OLDEST and os.environ.get("CI") != "true",
    reason=f"no Node from {OLDEST} on (found: {VERSION or 'none'}); Debian has the package nodejs",
)


def node(*arguments) -> subprocess.CompletedProcess:
    """What Node says to these arguments."""
    assert NODE, "there is no Node on this machine; Debian has the package nodejs"
    return subprocess.run([NODE, *map(str, arguments)], capture_output=True, text=True, timeout=300)
