"""Tensors of a step that reach none of its outputs, as errors say it."""

from rshop.errors import describe, given_name, message
from rshop.structure import flat


def unread_parts(step, unused_inputs: bool) -> dict[str, list[str]]:
    """For each role, the messages about its tensors that reach no output.

    Args:
        step: a `Step`.
        unused_inputs: inputs need not.
    """
    reach = step.graph.reach()
    used = frozenset().union(*(reach[t] for t in step.graph.outputs))
    found, place = {}, 0
    for role, part in (
        ("input", step.inputs),
        ("constant", step.constants),
        ("state", step.states),
        ("readout_input", step.readouts),
    ):
        for i, tensor in enumerate(flat(part)):
            if place not in used and not (role == "input" and unused_inputs):
                label = describe(role, tensor, None if given_name(tensor) else i)
                found.setdefault(role, []).append(_reaches_nothing(role, label))
            place += 1
    return found


def _reaches_nothing(role, label):
    # Only a decoder may leave its input unread: its length does not come from there.
    decoder = ", or make a decoder with decode=True" if role == "input" else ""
    return message(
        f"The {label} reaches no output.",
        received=f"a step in which neither an output nor a final state uses the {label}",
        expected="an output or a final state that depends on it",
        fix=f"use it in the step, or do not pass it as {role}{decoder}",
    )
