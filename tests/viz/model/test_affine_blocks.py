"""What becomes one affine box, in a drawing and in an inspector alike."""

import itertools

import numpy as np
import pytest

from viz.model.affine_blocks import affine_blocks


def random_step(seed):
    """Places in running order, each reading earlier ones, with kinds at random."""
    random = np.random.default_rng(seed)
    kinds = dict(
        enumerate(random.choice(["product", "sum", "bias", "none"], size=14, p=[0.4, 0.3, 0.2, 0.1]))
    )
    kinds = {place: None if kind == "none" else str(kind) for place, kind in kinds.items()}
    links = [
        (int(source), place)
        for place in range(1, 14)
        for source in random.choice(place, size=min(place, int(random.integers(1, 3))), replace=False)
    ]
    return kinds, links


def is_block(members, kinds, links):
    """Whether a set is a box by the rule itself: one place ends it, nothing else is read from outside."""
    last = max(members)
    reads = {place: {a for a, b in links if b == place} for place in members}
    read_by = {place: {b for a, b in links if a == place} for place in members}
    inner = all(len(read_by[place]) == 1 and read_by[place] <= members for place in members - {last})
    others = [place for place in members if kinds[place] != "product"]
    return inner and all(kinds[place] and reads[place] and reads[place] <= members for place in others)


@pytest.mark.parametrize("seed", range(60))
def test_blocks_are_the_largest_sets_that_the_rule_allows(seed):
    kinds, links = random_step(seed)
    found = affine_blocks(kinds, links, kind=kinds.get)
    members = [place for block in found for place in block]
    assert len(members) == len(set(members))  # no place belongs to two
    assert set(members) >= {place for place, kind in kinds.items() if kind == "product"}
    for block in found:
        assert is_block(set(block), kinds, links) and block[-1] == max(block)
    # No other place, alone or with another block, could have joined one.
    for block, other in itertools.permutations(found, 2):
        for place in {b for a, b in links if a == block[-1]} - set(members):
            wanted = {a for a, b in links if b == place}
            if wanted <= {block[-1], other[-1]}:
                assert not is_block({*block, *(other if other[-1] in wanted else ()), place}, kinds, links)


def test_what_may_not_join_stays_a_place_of_its_own():
    kinds = {"W": "product", "U": "product", "+": "sum", "split": "split", "b": "bias"}
    links = [("W", "+"), ("U", "+"), ("+", "split"), ("split", "b")]
    blocks = affine_blocks(kinds, links, kind=kinds.get, may_join=lambda last, place: last != "split")
    assert blocks == [["W", "U", "+", "split"]]
    assert affine_blocks(kinds, links, kind=kinds.get) == [["W", "U", "+", "split", "b"]]
    # What reads something else too, or is not the only reader, begins no box.
    assert affine_blocks(kinds, [*links, ("x", "+")], kind=kinds.get) == [["W"], ["U"]]
    assert affine_blocks(kinds, [*links, ("U", "tanh")], kind=kinds.get) == [["W"], ["U"]]
