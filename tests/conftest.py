"""What every test starts from: a quiet TensorFlow, the TensorFlow backend and one fixed seed."""

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import pytest


@pytest.fixture(autouse=True)
def seeded():
    """Give each test the same random numbers, whatever ran before it."""
    keras.utils.set_random_seed(0)
