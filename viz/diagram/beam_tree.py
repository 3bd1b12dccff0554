"""`beam_tree`: a diagram of a beam search, timestep by timestep."""

import numpy as np

from rshop.checks import check_count, check_sample
from rshop.errors import message, told
from rshop.generation.generated import Generated
from viz.diagram.figure import Figure
from viz.diagram.scene import Box, Edge, Scene
from viz.style.fonts import SMALL, TITLE
from viz.style.labels import Label
from viz.style.ticks import check_texts

# Points between two timesteps and between two beams, and around a label.
_BETWEEN, _APART, _MARGIN = 44.0, 12.0, (18.0, 12.0)


def beam_tree(generated: Generated, *, sample: int = 0, labels=None, steps: int = 10) -> Figure:
    """A picture of a beam search: the sequences that were kept at each timestep, the likeliest on top.

    A box is a token with the log-probability of the sequence that ends there. The best sequence has the
    colour of outputs, a sequence that was given up is dashed, one that ended has `end` in its box.

    Example:
        >>> found = rshop.generate(rnn, 6, strategy="beam", beam_width=3, end_token=0)
        >>> viz.beam_tree(found, labels="·abcdef")
        Figure('Beam search: 3 beams, 6 timesteps', 19 boxes, 18 arrows)

    Args:
        generated: what `rshop.generate` returned with `strategy="beam"`.
        sample: which sample of the batch.
        labels: a text for each token of the vocabulary; by default its number.
        steps: how many timesteps are drawn, from the first.

    Returns:
        A `Figure`, which Jupyter shows.

    Raises:
        TypeError: not what `generate` returned, or labels that are no texts.
        ValueError: no beam search, no such sample, or a label missing.
    """
    tree = _tree_of(generated)
    sample = check_sample(sample, len(tree.tokens))
    steps = min(check_count("steps", steps, "number of timesteps to draw"), tree.steps)
    names = _names(labels, generated)
    scene = Scene(f"Beam search: {tree.width} beams, {tree.steps} timesteps")
    boxes = _placed(_kept(tree, sample, steps), names)
    scene.boxes += boxes.values()
    scene.edges += _edges(tree, sample, steps, boxes)
    scene.columns = [str(t) for t in range(steps)]
    more = _running(tree, sample) - steps
    if more > 0:
        scene.notes.append(f"{more} more timesteps are not drawn")
    return Figure(scene)


def _tree_of(generated):
    if not isinstance(generated, Generated):
        raise TypeError(_no_search("This was not generated.", told(generated)))
    if generated.tree is None:
        raise ValueError(_no_search("There was no beam search.", repr(generated)))
    return generated.tree


def _no_search(problem, received):
    return message(
        problem,
        received=received,
        expected="what rshop.generate returns with strategy='beam'",
        fix="viz.beam_tree(rshop.generate(rnn, 8, strategy='beam'))",
    )


def _names(labels, generated):
    largest = int(max(generated.beams.max(), generated.tree.tokens.max()))
    if labels is None:
        return [str(token) for token in range(largest + 1)]
    labels = [None] if isinstance(labels, bytes) else labels  # whose items are numbers
    try:
        count = len(labels)
    except TypeError:
        count = largest + 1
    return check_texts(labels, max(count, largest + 1), "labels")


def _kept(tree, sample, steps):
    """(timestep, beam) -> (token, score, whether it ended, its role), without those that ended before."""
    final = _survivors(tree, sample, steps)
    best = _survivors(tree, sample, steps, beams=[0])
    found = {}
    for t in range(steps):
        for beam in range(tree.width):
            score = tree.scores[sample, t, beam]
            if not np.isfinite(score) or _stays(tree, sample, t, beam):
                continue
            place = t, beam
            role = "output" if place in best else "kept" if place in final else "dropped"
            found[place] = int(tree.tokens[sample, t, beam]), score, tree.ended[sample, t, beam], role
    return found


def _running(tree, sample) -> int:
    """The timesteps until all beams of this sample have ended; those of others may run on."""
    ended = (tree.ended[sample] | ~np.isfinite(tree.scores[sample])).all(axis=1)
    return int(np.argmax(ended)) + 1 if ended.any() else tree.steps


def _stays(tree, sample, t, beam) -> bool:
    """Whether a sequence had ended at an earlier timestep."""
    return bool(t and tree.ended[sample, t - 1, tree.parents[sample, t, beam]])


def _survivors(tree, sample, steps, beams=None) -> set:
    """The places (timestep, beam) that lead to the last beams, or to some of them."""
    found = set()
    for beam in range(tree.width) if beams is None else beams:
        if not np.isfinite(tree.scores[sample, -1, beam]):
            continue
        for t in reversed(range(tree.steps)):
            if t < steps:
                found.add((t, int(beam)))
            beam = tree.parents[sample, t, beam]
    return found


def _origin(tree, sample, t, beam):
    """The place of the box of a sequence: where it ended, if it stays as it is."""
    while _stays(tree, sample, t, beam):
        t, beam = t - 1, int(tree.parents[sample, t, beam])
    return t, beam


def _placed(kept, names) -> dict:
    boxes = {None: Box("start", Label("start"), "input")}
    for (t, beam), (token, score, ended, role) in kept.items():
        label = Label(names[token], detail=f"{score:.2f}{', end' if ended else ''}")
        boxes[t, beam] = Box(f"t{t}b{beam}", label, role, column=str(t))
    for box in boxes.values():
        width, height = box.label.size(TITLE, SMALL)
        box.size = width + _MARGIN[0], height + _MARGIN[1]
    high = max(box.size[1] for box in boxes.values())
    left = 0.0
    for column in sorted({-1 if place is None else place[0] for place in boxes}):
        here = {p: box for p, box in boxes.items() if (-1 if p is None else p[0]) == column}
        wide = max(box.size[0] for box in here.values())
        for place, box in here.items():
            row = 0 if place is None else place[1]
            box.size = wide, box.size[1]
            box.at = left + wide / 2, -row * (high + _APART)
        left += wide + _BETWEEN
    return boxes


def _edges(tree, sample, steps, boxes):
    found = []
    for place, box in boxes.items():
        if place is None:
            continue
        t, beam = place
        parent = boxes[_origin(tree, sample, t - 1, int(tree.parents[sample, t, beam])) if t else None]
        role = "data" if box.role == "kept" else box.role
        found.append(Edge(parent.id, box.id, role, route=_route(parent, box)))
    return found


def _route(source, target):
    (x, y), (u, v) = source.at, target.at
    start, end = (x + source.size[0] / 2, y), (u - target.size[0] / 2, v)
    middle = (start[0] + end[0]) / 2
    return start, (middle, start[1]), (middle, end[1]), end
