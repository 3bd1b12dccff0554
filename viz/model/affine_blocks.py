"""The rule of an affine box: products with weights, and the sums, biases and splits that alone read them.

A drawing knows a step's operations, the inspector the equations of its values: both find their boxes here.
"""

from collections.abc import Callable, Hashable, Iterable


def affine_blocks(
    places: Iterable[Hashable], links: Iterable[tuple], *, kind: Callable, may_join: Callable | None = None
) -> list[list]:
    """What becomes one box: its places in running order; a product that nothing joins is alone.

    Example:
        >>> kinds = {"W": "product", "U": "product", "+": "sum", "tanh": None}
        >>> affine_blocks(kinds, [("W", "+"), ("U", "+"), ("+", "tanh")], kind=kinds.get)
        [['W', 'U', '+']]

    Args:
        places: what a step computes, in running order.
        links: `(source, target)` pairs; a source that is none of `places` is something else that is read.
        kind: `(place) -> str | None`: `product`, another text for what may follow one, or None.
        may_join: `(last, place) -> bool`: whether a place may join the block that ends with `last`; None
            where every place may.
    """
    readers, sources = {}, {}
    for source, target in links:
        readers.setdefault(source, set()).add(target)
        sources.setdefault(target, {})[source] = True
    home: dict[Hashable, list] = {}
    for place in places:
        what, read = kind(place), list(sources.get(place, ()))
        if what == "product":
            home[place] = [place]
        elif what is not None and read and all(source in home for source in read):
            alone = all(readers[source] == {place} and home[source][-1] == source for source in read)
            if alone and (may_join is None or all(may_join(source, place) for source in read)):
                block = [*dict.fromkeys(member for source in read for member in home[source]), place]
                home |= dict.fromkeys(block, block)
    return list({id(block): block for block in home.values()}.values())
