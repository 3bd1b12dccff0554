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


@pytest.mark.parametrize("model", ["stack", "own_step", "forced_readout", "stateful", "counting"])
def test_two_devices_train_to_the_weights_of_one(model):
    assert found()[model] <= 1e-5


def test_a_stateful_layer_of_the_whole_batch_says_that_each_replica_has_its_share():
    message = found()["message"]
    assert "Received: a batch of 4. Expected: a batch of 8" in message
    assert "the batch of one replica" in message


def test_a_language_model_says_that_it_trains_on_one_device():
    """`fit` and `evaluate`, before anything runs; generation and perplexity need no second device."""
    said = found()["text"]
    for name in ("fit", "evaluate"):
        assert "trains on one device" in said[name]
        assert "Received: a MirroredStrategy of 2 replicas. Expected: one replica." in said[name]
        assert "outside of strategy.scope()" in said[name]
    assert len(said["text"]) == 4 and said["perplexity"] > 1
