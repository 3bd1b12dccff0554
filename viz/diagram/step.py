"""`draw_step`: a diagram of one timestep."""

import keras

from rshop.checks import check_switch
from viz.diagram.figure import Figure
from viz.diagram.scene import Box, Edge, Group, Scene
from viz.diagram.schedule import Plan
from viz.diagram.straight_lines import straighten
from viz.model.flow import Flow, flow_of
from viz.model.folding import opener
from viz.model.keras_cells import with_open_cells
from viz.model.read_model import Model, read_model
from viz.model.textbook import as_textbook
from viz.style.labels import Label, shape_text


def draw_step(rnn, *, fold=False, schedule=False, expand=False) -> Figure:
    """A picture of one timestep, as textbooks draw it.

    Inputs, constants, states and the readout stand below, the output and the next states above;
    nested models and cells, Keras's own LSTM, GRU and simple RNN cells too, are frames. Products with
    kernels, their sums, biases and splits are one box with its formula, `W x + U h + b`, where nothing else
    reads them. What a box is made of is in its tooltip and in the figure's `.text`.

    Example:
        >>> rnn = LSTMCell(10, input_dim=5).get_layer()
        >>> viz.draw_step(rnn)
        Figure('One timestep of LSTMCell', 16 boxes, 18 arrows)

    Args:
        rnn: a recurrent layer of this project whose step is known, a built cell, or a Keras model with
            exactly one recurrent layer.
        fold: which nested models are drawn closed: none (False), all (True), those at least
            as deep as a number says, or those of one or several names.
        schedule: mark what runs before and after the loop over time, for all timesteps at once, when
            the layer is trained without a mask (see `rshop.fast`). Keras's own cells are closed then.
        expand: draw every product, sum, bias and split as a box of its own.

    Returns:
        A `Figure`, which Jupyter shows.

    Raises:
        TypeError: no recurrent layer, or a `fold`, `schedule` or `expand` of another kind.
        ValueError: a layer that was never called, or a name that no nested model has.
    """
    check_switch("schedule", schedule)
    check_switch("expand", expand)
    model = read_model(rnn)
    plan = Plan(model) if schedule else None
    # A schedule is that of Keras's own cells as they are: closed.
    opened = with_open_cells(model.step.graph)
    flow = flow_of(model.step.graph if schedule else opened, opener(fold, opened))
    states = len(model.names.inputs) + len(model.names.constants)
    flow.past = frozenset(flow.inputs[states:])
    starts = _starts(model, flow)
    names = {box.id: box.label for box in starts}
    ends = [*model.names.outputs, *(name.rpartition("/")[2] for name in model.step.state_names)]
    apart = plan.apart if plan else lambda part, other: False
    flow = as_textbook(flow, names, ends, affine=not expand, apart=apart)
    scene = _scene(model, flow, starts)
    if plan:
        plan.mark(scene, flow)
    return Figure(scene)


def _scene(model: Model, flow: Flow, starts: list[Box]) -> Scene:
    scene = Scene(f"One timestep of {model.title}")
    scene.boxes += starts
    scene.groups = [Group(frame.id, frame.label, frame.parent) for frame in flow.frames]
    roles = {box.id: box.role for box in scene.boxes}
    for part in flow.parts:
        box = Box(part.id, part.label, part.role, part.group, values=part.values, words=part.words)
        scene.boxes.append(box)
    for link in flow.links:
        role = link.role if link.role != "data" else roles.get(link.source, "data")
        scene.edges.append(Edge(link.source, link.target, role))
    for k, (box, source) in enumerate(zip(_finals(model, flow), flow.outputs, strict=True)):
        scene.boxes.append(box)
        state = k - len(model.names.outputs)
        scene.edges.append(Edge(source, box.id, box.role, state=state if state >= 0 else None))
    straighten(scene)
    return scene


def _starts(model, flow):
    # Where there are frames, a state stands beside the frame that it enters.
    names, states_row = model.names, None if flow.frames else "bottom"
    rows = [(name, "input", "" if names.fixed_inputs else "t", "") for name in names.inputs]
    rows += [(name, "constant", "", "") for name in names.constants]
    rows += [(name, "state", "t-1", "") for name in names.states]
    for name, (_, taken), called in zip(names.readouts, model.fed, names.calls, strict=True):
        what = f"argmax, as {called}" if called and taken else f"as {called}" if called else ""
        rows.append((name, "readout", "t-1", what or ("argmax" if taken else "readout")))
    return [
        Box(
            id,
            Label(name, below, detail, _shape(tensor)),
            role,
            row=states_row if role == "state" else "bottom",
        )
        for id, tensor, (name, role, below, detail) in zip(
            flow.inputs, model.step.model.inputs, rows, strict=True
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
