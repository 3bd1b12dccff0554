"""`draw_step`: a diagram of one timestep."""

import keras

from rshop.checks import check_switch
from viz.diagram.figure import Figure
from viz.diagram.scene import Box, Edge, Group, Scene
from viz.diagram.schedule import mark
from viz.model.flow import Flow, flow_of
from viz.model.folding import opener
from viz.model.read_model import Model, read_model
from viz.style.labels import Label, shape_text


def draw_step(rnn, *, fold=False, schedule=False) -> Figure:
    """A picture of one timestep: every layer and operation with its name and shape.

    Inputs, constants, states and the readout stand below, the output and the next states above;
    nested models and cells are frames.

    Example:
        >>> rnn = LSTMCell(10, input_dim=5).get_layer()
        >>> viz.draw_step(rnn)
        Figure('One timestep of LSTMCell', 20 boxes, 22 arrows)

    Args:
        rnn: a recurrent layer of this project whose step is known, a built cell, or a Keras model with
            exactly one recurrent layer.
        fold: which nested models are drawn closed: none (False), all (True), those at least
            as deep as a number says, or those of one or several names.
        schedule: mark what runs before and after the loop over time, for all timesteps at once, when
            the layer is trained without a mask (see `rshop.fast`).

    Returns:
        A `Figure`, which Jupyter shows.

    Raises:
        TypeError: no recurrent layer, or a `fold` or `schedule` of another kind.
        ValueError: a layer that was never called, or a name that no nested model has.
    """
    check_switch("schedule", schedule)
    model = read_model(rnn)
    flow = flow_of(model.step.graph, opener(fold, model.step.graph))
    scene = _scene(model, flow)
    if schedule:
        mark(scene, model, flow)
    return Figure(scene)


def _scene(model: Model, flow: Flow) -> Scene:
    scene = Scene(f"One timestep of {model.title}")
    scene.boxes += _starts(model, flow)
    scene.groups = [Group(frame.id, frame.label, frame.parent) for frame in flow.frames]
    roles = {box.id: box.role for box in scene.boxes}
    for part in flow.parts:
        scene.boxes.append(Box(part.id, part.label, part.role, part.group, values=part.values))
    for link in flow.links:
        role = link.role if link.role != "data" else roles.get(link.source, "data")
        scene.edges.append(Edge(link.source, link.target, role))
    for k, (box, source) in enumerate(zip(_finals(model, flow), flow.outputs, strict=True)):
        scene.boxes.append(box)
        state = k - len(model.names.outputs)
        scene.edges.append(Edge(source, box.id, box.role, state=state if state >= 0 else None))
    return scene


def _starts(model, flow):
    # Where there are frames, a state stands beside the frame that it enters.
    names, states_row = model.names, None if flow.frames else "bottom"
    rows = [(name, "input", "" if names.fixed_inputs else "t") for name in names.inputs]
    rows += [(name, "constant", "") for name in names.constants]
    rows += [(name, "state", "t-1") for name in names.states]
    rows += [(name, "readout", "t-1") for name in names.readouts]
    fed = [("argmax of " if taken else "", names.outputs[place]) for place, taken in model.fed]
    sources = [f"{argmax}previous {output}" for argmax, output in fed]
    details = [""] * (len(rows) - len(sources)) + sources
    return [
        Box(
            id,
            Label(name, below, detail, _shape(tensor)),
            role,
            row=states_row if role == "state" else "bottom",
        )
        for id, tensor, (name, role, below), detail in zip(
            flow.inputs, model.step.model.inputs, rows, details, strict=True
        )
    ]


def _finals(model, flow):
    names = model.names
    outputs = keras.tree.flatten(model.step.outputs)
    boxes = [
        Box(f"out{k}", Label(name, "t", shape=_shape(tensor)), "output", row="top")
        for k, (name, tensor) in enumerate(zip(names.outputs, outputs, strict=True))
    ]
    return boxes + [
        Box(f"next{k}", Label(name, "t", shape=_shape(tensor)), "state", row=None if flow.frames else "top")
        for k, (name, tensor) in enumerate(zip(names.states, model.step.next_states, strict=True))
    ]


def _shape(tensor):
    return shape_text(tensor.shape, tensor.dtype)
