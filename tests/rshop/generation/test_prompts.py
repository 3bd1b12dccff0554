"""What a step reads before and in a prompt, against a NumPy oracle."""

import numpy as np
import pytest

from rshop import generate
from tests.support.generation import KINDS, token_model


@pytest.mark.parametrize("kind", KINDS)
def test_a_prompt_stands_behind_the_first_readout_or_begins_with_it(kind):
    """By default token 0, or no token, is read before it; its first token as the first readout is not."""
    rnn, oracle = token_model(kind, seed=3)
    prompt = [3, 1, 2]
    h, before = oracle.first()
    for given, read in (
        ({"warm_up": prompt}, [before, *prompt]),
        ({"initial_readout": prompt[0], "warm_up": prompt[1:]}, prompt),
        ({"initial_readout": prompt[0], "tokens": True}, prompt[:1]),
    ):
        state, expected = h, []
        for token in read:
            state, log_p = oracle.step(state, token)
        for _ in range(5):
            expected.append(int(np.argmax(log_p)))
            state, log_p = oracle.step(state, expected[-1])
        assert generate(rnn, 5, **given).tokens[0].tolist() == expected
