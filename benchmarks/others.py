"""How much of the machine other programs took during a run: with others at work no ratio is worth much."""

import os
from pathlib import Path

#: Above this share of the processors the report warns.
ENOUGH = 0.1
_STAT = Path("/proc/stat")


class Others:
    """Watches the processors from now on.

    Example:
        >>> others = Others()
        >>> others.share()  # 0.03: other programs, and other virtual machines, took 3 %
    """

    def __init__(self):
        self._start = _ticks()

    def share(self) -> float | None:
        """The share of all processors that was neither idle nor ours; None where the system does not say."""
        if self._start is None:
            return None
        total, busy, own = (now - then for now, then in zip(_ticks(), self._start, strict=True))
        return max(0.0, (busy - own) / total) if total else 0.0


def words(share: float | None) -> str:
    """The share for the report, with a warning if it is large.

    Example:
        >>> words(0.03)
        'Other programs took 3 % of the processors.'
    """
    if share is None:
        return "How much other programs took of the processors is not known on this system."
    text = f"Other programs took {100 * share:.0f} % of the processors."
    return text if share <= ENOUGH else text + " WARNING: these numbers are rough; run it on an idle machine."


def _ticks():
    """Ticks of all processors, those that were not idle, and those of this process and its children."""
    if not _STAT.exists():
        return None
    user, nice, system, idle, waiting, *rest = map(int, _STAT.read_text().split("\n")[0].split()[1:9])
    busy = user + nice + system + sum(rest)
    own = sum(os.times()[:4]) * os.sysconf("SC_CLK_TCK")
    return busy + idle + waiting, busy, own
