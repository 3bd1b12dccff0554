"""The schedule of a step: which of its parts run before the loop over time, in it, or after it."""

from dataclasses import replace

from rshop.fast.plan.lower import unknown
from rshop.fast.plan.program import places
from viz.diagram.scene import Scene
from viz.model.flow import Flow
from viz.model.read_model import Model

_WORDS = {"before": "before the loop", "after": "after the loop"}


def mark(scene: Scene, model: Model, flow: Flow):
    """Write into each box of a step what runs before and after the loop, and under it what that means.

    Example:
        >>> mark(scene, model, flow)
        >>> scene.box("n0").label.shape
        '64, before the loop'
    """
    strange = unknown(model.step.graph, training=True)
    where = places(
        model.step, decode=bool(model.option("decode")), forced=model.option("teacher_force") is True
    )
    boxes, outside = {box.id: box for box in scene.boxes}, False
    for part in flow.parts:
        place = _place(part.values, where)
        if place != "in":
            outside = True
            box = boxes[part.id]
            words = ", ".join(text for text in (box.label.shape, _WORDS[place]) if text)
            box.label, box.role = replace(box.label, shape=words), place
    if strange:
        scene.notes.append(f"All in the plain loop: nothing is known beforehand of {', '.join(strange)}.")
    elif outside:
        scene.notes.append(
            "Before and after the loop: once, for all timesteps together. In the loop: timestep by timestep."
        )
    else:
        scene.notes.append("All of it runs in the loop, timestep by timestep.")


def _place(values, where):
    # A closed model counts as outside the loop only where all of its parts run there.
    names = {value.split("[")[0] for value in values}
    inside = {
        place for node, place in where.items() if any(node == n or node.startswith(f"{n}/") for n in names)
    }
    return inside.pop() if len(inside) == 1 else "in"
