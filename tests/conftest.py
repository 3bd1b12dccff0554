"""What every test starts from: a quiet TensorFlow, the TensorFlow backend, one fixed seed, XLA at once."""

import gc
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

from collections import Counter
from pathlib import Path

import keras
import pytest

from rshop.fast import switched


def pytest_collection_finish():
    """Leave out of the search for garbage what TensorFlow and the tests are made of: it is there to stay.

    The search itself stays as frequent as it is: graphs are garbage in circles, and without it a process of
    tests grows to 8 GB.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def seeded():
    """Give each test the same random numbers, whatever ran before it."""
    keras.utils.set_random_seed(0)


#: Rooms of what is built on layers: they are tested as a user has them, whose first batches run without XLA.
TIERED = {"course", "examples", "export", "project", "seq2seq", "training", "viz"}


@pytest.fixture(autouse=True)
def compiled_at_once(request):
    """Let XLA compile at the first call, or few tests of the loop would see what it makes of a training step.

    What is there before is XLA's absence, a switch of its own; `rshop/fast/test_tiers.py` has the passage.
    """
    rooms = set(request.path.relative_to(Path(__file__).parent).parts)
    with switched(tiered=not TIERED.isdisjoint(rooms)):
        yield


def pytest_collection_modifyitems(items):
    """Begin with the files of slow tests, then with those of many: none of them is left for the end.

    `make laws` deals whole files out to the processes in this order.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    tests = Counter(item.path for item in items)
    items.sort(key=lambda item: (item.path not in slow, -tests[item.path], item.path))
