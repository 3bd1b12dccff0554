"""`Source`: a recurrent network as the text of a Python module, and its weights beside it."""

import html
import io
import keyword
import tokenize
from pathlib import Path

import numpy as np

from rshop.files import checked_path, whole

_COLOURS = {"keyword": "#8250df", "text": "#0a3069", "number": "#0550ae", "comment": "#6e7781"}


class Source:
    """A recurrent network in NumPy: a Python text that imports NumPy alone, and the arrays that it reads.

    Example:
        >>> source = to_numpy(LSTMCell(4, input_dim=3).get_layer(return_sequences=True))
        >>> sorted(source.weights)
        ['bias', 'kernel', 'recurrent_kernel']
        >>> outputs, states = source.run(np.ones((2, 7, 3)))  # what the text computes
        >>> outputs.shape, len(states)
        ((2, 7, 4), 2)
        >>> source.save("net.py")  # and net.npz
        PosixPath('net.py')

    Attributes:
        text: the module, which defines `run(weights, x, *, ...) -> (outputs, states)`; `str(source)` is it.
        weights: name -> array.
    """

    def __init__(self, text: str, weights: dict[str, np.ndarray]):
        self.text, self.weights = text, weights

    def run(self, x, **given) -> tuple:
        """Run the text on its weights: `(outputs, states)`.

        Example:
            >>> outputs, states = source.run(x, mask=mask)

        Args:
            x: `(batch, time, ...)`; of a decoder `(batch, ...)`.
            **given: what the `run` of the text takes by name: `mask`, `initial_state`, `constants`, ...
        """
        module: dict = {"__name__": "network"}
        exec(compile(self.text, "<network>", "exec"), module)  # noqa: S102  (the text made here)
        return module["run"](self.weights, x, **given)

    def save(self, path) -> Path:
        """Write the text to `path`, and the weights beside it under the same name with `.npz`.

        Example:
            >>> source.save("net.py")  # then: import net, numpy as np
            PosixPath('net.py')
            >>> # outputs, states = net.run(np.load("net.npz"), x)

        Args:
            path: a name that ends with `.py`.

        Raises:
            TypeError, ValueError: no such name.
            OSError: the files could not be written; those that stood there are as they were.
        """
        path = checked_path(path, ("py",), "source")
        with whole(path) as text, whole(path.with_suffix(".npz")) as arrays:
            text.write_text(self.text, encoding="utf-8")
            with open(arrays, "wb") as file:
                np.savez(file, **self.weights)
        return path

    def __str__(self):
        return self.text

    def __repr__(self):
        numbers = sum(array.size for array in self.weights.values())
        lines = len(self.text.splitlines())
        return f"Source of {lines} lines, {len(self.weights)} arrays of {numbers} numbers"

    def _repr_html_(self):
        return f'<pre style="line-height: 1.35; overflow-x: auto">{coloured(self.text)}</pre>'


def coloured(text: str) -> str:
    """Python text as HTML with its keywords, numbers, texts and comments in colours.

    Example:
        >>> coloured("return 1")
        '<span style="color: #8250df">return</span> <span style="color: #0550ae">1</span>'
    """
    lines, parts, row, column = text.splitlines(keepends=True), [], 1, 0

    def until(end):
        nonlocal row, column
        between = ""
        while row < end[0]:
            between += lines[row - 1][column:] if row <= len(lines) else ""
            row, column = row + 1, 0
        between += lines[row - 1][column : end[1]] if row <= len(lines) else ""
        column = end[1]
        return html.escape(between)

    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        parts.append(until(token.start))
        shown, colour = until(token.end), _COLOURS.get(_kind(token))
        parts.append(f'<span style="color: {colour}">{shown}</span>' if colour and shown else shown)
    return "".join(parts)


def _kind(token):
    if token.type == tokenize.NAME:
        return "keyword" if keyword.iskeyword(token.string) else None
    kinds = {tokenize.STRING: "text", tokenize.NUMBER: "number", tokenize.COMMENT: "comment"}
    return kinds.get(token.type)
