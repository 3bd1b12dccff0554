"""Measure the laws while pytest runs them: `pytest -p robust_plugin`, for one run of `tools/robust.py`.

Writes into the folder that `$ROBUST_RECORD` names: one line in JSON for each test that passed or failed, and
one for the largest difference of each test as a part of what `np.testing.assert_allclose` allows it.
"""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from robust_margin import share_of_tolerance
from robust_variants import pin_to_a_core

RUNNING = {"test": None, "share": None}
ASSERT_ALLCLOSE = np.testing.assert_allclose


def pytest_configure(config):
    """Keep each process of the run on one core, if the variant says so; measure what is compared."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    pin_to_a_core(int(worker))
    np.testing.assert_allclose = measured_allclose


def pytest_unconfigure(config):
    """Put NumPy's function back."""
    np.testing.assert_allclose = ASSERT_ALLCLOSE


def measured_allclose(actual, desired, rtol=1e-07, atol=0, *args, **options):
    """NumPy's `assert_allclose`, whose largest share of the tolerance is kept for the running test."""
    __tracebackhide__ = True
    share = share_of_tolerance(actual, desired, rtol, atol)
    # Asked to be equal: there is no tolerance to have a share of.
    if rtol or atol:
        RUNNING["share"] = max(share, RUNNING["share"] or 0.0)
    return ASSERT_ALLCLOSE(actual, desired, rtol, atol, *args, **options)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """One test: forget what the one before it measured."""
    RUNNING.update(test=item.nodeid, share=None)
    return (yield)


def pytest_runtest_logreport(report):
    """Write the line of a test, from the process that ran it."""
    if os.environ.get("PYTEST_XDIST_WORKER") is None and getattr(report, "node", None) is not None:
        return  # the controlling process hears of it a second time
    if report.when == "call" or report.failed:
        share = RUNNING["share"] if report.when == "call" else None
        line = {"test": report.nodeid, "holds": not report.failed, "skipped": report.skipped, "share": share}
        file = Path(os.environ["ROBUST_RECORD"]) / f"{os.getpid()}.jsonl"
        with file.open("a") as lines:
            lines.write(json.dumps(line) + "\n")
