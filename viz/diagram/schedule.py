"""The schedule of a step: which of its parts run before the loop over time, in it, or after it."""

from dataclasses import replace

from rshop.fast.plan.lower import refused
from rshop.fast.plan.program import places
from viz.diagram.scene import Scene
from viz.model.flow import Flow, Part
from viz.model.read_model import Model

_ONCE = "Before and after the loop: once, for all timesteps together. In the loop: timestep by timestep."
_WORDS = {"before": "before the loop", "after": "after the loop"}


class Plan:
    """Where each part of a step runs.

    Example:
        >>> plan = Plan(model)
        >>> plan.mark(scene, flow)
        >>> scene.box("n0").label.shape
        '64, before the loop'

    Args:
        model: the layer, trained without a mask.
    """

    def __init__(self, model: Model):
        self.strange = refused(model.step.graph, training=True)
        forced = model.option("teacher_force") is True
        self.where = places(model.step, decode=bool(model.option("decode")), forced=forced)

    def apart(self, part: Part, other: Part) -> bool:
        """Whether two parts run at different times."""
        return self.place(part.values) != self.place(other.values)

    def mark(self, scene: Scene, flow: Flow):
        """Write into each box of a step what runs before and after the loop, and under it what that means."""
        boxes, outside = {box.id: box for box in scene.boxes}, False
        for part in flow.parts:
            place = self.place(part.values)
            if place != "in":
                outside, box = True, boxes[part.id]
                box.label, box.role = _marked(box.label, place), place
                box.words = box.words and _marked(box.words, place)
            elif boxes[part.id].role == "gate":
                # Yellow says that a part runs after the loop.
                boxes[part.id].role = "operation"
        scene.notes.append(self._note(outside))

    def _note(self, outside):
        if self.strange:
            return f"All in the plain loop, because of {', '.join(self.strange)}."
        if outside:
            return _ONCE
        return "All of it runs in the loop, timestep by timestep."

    def place(self, values) -> str:
        """`before`, `in` or `after` the loop; a closed model is outside only where all of its parts are."""
        names = {value.split("[")[0] for value in values}
        inside = {
            place
            for node, place in self.where.items()
            if any(node == name or node.startswith(f"{name}/") for name in names)
        }
        return inside.pop() if len(inside) == 1 else "in"


def _marked(label, place):
    return replace(label, shape=", ".join(text for text in (label.shape, _WORDS[place]) if text))
