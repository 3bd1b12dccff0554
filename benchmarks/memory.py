"""The largest memory that this process has had."""

import resource
import sys
from pathlib import Path


def peak() -> float:
    """The peak of the resident memory in MB: VmHWM on Linux, elsewhere what the system counts.

    Example:
        >>> peak() > 10
        True
    """
    status = Path("/proc/self/status")
    if status.exists():
        # `ru_maxrss` would begin at what the parent process had.
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 1024
