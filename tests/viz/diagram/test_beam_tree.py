"""`beam_tree`: the beams of a search and what they continue, as boxes and arrows."""

from dataclasses import replace

import numpy as np
import pytest

import viz
from rshop import generate
from rshop.generation.generated import BeamTree
from tests.support.generation import token_model

END, NAMES = 2, ["a", "b", "<end>", "the"]


def search(length=6, width=4, **given):
    return generate(token_model(seed=3)[0], length, strategy="beam", beam_width=width, end_token=END, **given)


def paths(figure):
    """Each way from the start to a box without an arrow out of it, as texts, with the last box."""
    scene = figure.scene
    before = {edge.target: edge.source for edge in scene.edges}
    inner = {edge.source for edge in scene.edges}
    found = {}
    for box in scene.boxes:
        if box.id in inner:
            continue
        path, at = [], box.id
        while at != "start":
            path, at = [scene.box(at).label.title, *path], before[at]
        found[tuple(path)] = box
    return found


def test_the_ways_through_the_tree_are_the_beams():
    found = search()
    drawn = paths(viz.beam_tree(found, labels=NAMES))
    for tokens, length, score in zip(
        found.beams[0], found.beam_lengths[0], found.beam_scores[0], strict=True
    ):
        path = tuple(NAMES[token] for token in tokens[:length])
        ends = ", end" if path[-1] == "<end>" else ""
        assert drawn[path].label.detail == f"{score:.2f}{ends}"
        best = np.array_equal(tokens, found.tokens[0])
        assert drawn[path].role == ("output" if best else "kept")
    others = set(drawn) - {
        tuple(NAMES[token] for token in tokens[:length])
        for tokens, length in zip(found.beams[0], found.beam_lengths[0], strict=True)
    }
    assert {drawn[path].role for path in others} <= {"dropped"}


def test_each_beam_of_each_timestep_has_one_box_until_it_ends():
    tree = search(9, 5).tree
    figure = viz.beam_tree(search(9, 5))
    ended_before = [
        (t, beam)
        for t in range(1, tree.steps)
        for beam in range(5)
        if tree.ended[0, t - 1, tree.parents[0, t, beam]]
    ]
    possible = int(np.isfinite(tree.scores[0]).sum())
    assert len(figure.scene.boxes) == 1 + possible - len(ended_before)
    assert len(figure.scene.edges) == len(figure.scene.boxes) - 1
    assert any(box.role == "dropped" for box in figure.scene.boxes)


def test_boxes_stand_in_the_column_of_their_timestep_and_touch_no_other():
    boxes = viz.beam_tree(search(9, 5), labels=NAMES).scene.boxes
    for box in boxes:
        for other in boxes:
            if box is not other:
                apart = [abs(box.at[i] - other.at[i]) - (box.size[i] + other.size[i]) / 2 for i in (0, 1)]
                assert max(apart) > 5
    columns = {box.at[0] for box in boxes}
    assert len(columns) == len({box.column for box in boxes})


def test_the_picture_does_not_grow_with_the_length():
    long = viz.beam_tree(search(40, 3))
    assert len(long.scene.boxes) <= 31
    assert long.scene.notes == ["30 more timesteps are not drawn"]
    assert len(viz.beam_tree(search(40, 3), steps=2).scene.boxes) <= 7
    assert repr(viz.beam_tree(search(6, 3))) == repr(viz.beam_tree(search(6, 3)))


def test_another_sample_has_a_tree_of_its_own():
    states = np.random.default_rng(0).normal(size=(2, 6)).astype("float32")
    found = search(5, 3, initial_state=states)
    for sample in (0, 1):
        drawn = paths(viz.beam_tree(found, sample=sample))
        length = found.lengths[sample]
        assert tuple(str(t) for t in found.tokens[sample][:length]) in drawn


def test_what_is_no_beam_search_is_refused():
    rnn, _ = token_model(seed=3)
    with pytest.raises(ValueError, match="no beam search. Received: Generated.*strategy='beam'"):
        viz.beam_tree(generate(rnn, 4, tokens=True))
    with pytest.raises(TypeError, match="not generated"):
        viz.beam_tree("beam")
    with pytest.raises(ValueError, match="labels"):
        viz.beam_tree(search(), labels=["a", "b"])
    with pytest.raises(ValueError, match="no such sample"):
        viz.beam_tree(search(), sample=1)


def test_nothing_is_missing_of_a_sample_that_ended_before_the_others():
    tree = BeamTree(
        tokens=np.array([[[0, 1], [2, 2], [2, 2], [2, 2]], [[0, 1], [0, 1], [0, 1], [2, 2]]]),
        parents=np.array([[[0, 0], [0, 1], [0, 1], [0, 1]]] * 2),
        scores=np.array([[[-1.0, -2.0]] * 4] * 2),
        ended=np.array([[[False] * 2, [True] * 2, [True] * 2, [True] * 2], [[False] * 2] * 3 + [[True] * 2]]),
    )
    beams = tree.tokens.swapaxes(1, 2)
    found = replace(search(width=2), tree=tree, beams=beams)
    assert viz.beam_tree(found, sample=0, steps=2).scene.notes == []
    assert viz.beam_tree(found, sample=1, steps=2).scene.notes == ["2 more timesteps are not drawn"]
