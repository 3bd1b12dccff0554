"""Training on several devices gives the weights of training on one."""

import json
import os
import subprocess
import sys
from functools import cache

import pytest

pytestmark = pytest.mark.slow


@cache
def found():
    run = [sys.executable, "-m", "tests.rshop.layers.on_two_devices"]
    done = subprocess.run(run, capture_output=True, text=True, env=os.environ, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("model", ["stack", "own_step", "forced_readout", "stateful"])
def test_two_devices_train_to_the_weights_of_one(model):
    assert found()[model] <= 1e-5


def test_a_stateful_layer_of_the_whole_batch_says_that_each_replica_has_its_share():
    message = found()["message"]
    assert "Received: a batch of 4. Expected: a batch of 8" in message
    assert "the batch of one replica" in message
