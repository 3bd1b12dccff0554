"""The numbers of a run as a plain HTML table, for screen readers, copying and untrusted notebooks."""

from viz.inspector.payload.payload import Payload
from viz.inspector.payload.readout_sources import SOURCES
from viz.style.encodable_text import escaped

_ROWS, _UNITS = 60, 3


def table(payload: Payload) -> str:
    """One row for each timestep: its label, mask and readout, and the first units of states and outputs.

    Example:
        >>> table(record(rnn, x))[:7]
        '<table>'

    Args:
        payload: what `record` returned.
    """
    columns = [*_words(payload), *_numbers(payload)]
    steps = min(payload.steps, _ROWS)
    head = "".join(f"<th>{escaped(name)}</th>" for name, _ in columns)
    rows = [
        f"<tr><td>{t}</td>{''.join(f'<td>{escaped(cells[t])}</td>' for _, cells in columns)}</tr>"
        for t in range(steps)
    ]
    more = f"<p>The first {steps} of {payload.all_steps} timesteps.</p>" if steps < payload.all_steps else ""
    return f"<table><thead><tr><th>t</th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>{more}"


def _words(payload):
    sample, columns = payload.first, []
    if payload.labels:
        columns.append(("label", payload.labels[sample]))
    if payload.mask is not None:
        columns.append(("mask", ["counts" if valid else "masked" for valid in payload.mask[sample]]))
    names = [value.said for value in payload.values if value.role == "readout"]
    for name, codes in zip(names, payload.sources, strict=True):
        columns.append((f"{name} from", [SOURCES[code] for code in codes[sample]]))
    return columns


def _numbers(payload):
    columns = []
    for value in payload.values:
        if value.role not in ("state", "output"):
            continue
        rows = value.after_timesteps(payload.first)
        for unit in range(min(rows.shape[1], _UNITS)):
            name = f"{value.said}[{unit}]" if value.shape else value.said
            columns.append((name, [f"{number:.4g}" for number in rows[:, unit]]))
    return columns
