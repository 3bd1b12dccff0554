"""What cannot be written out, said in one form."""

from rshop.errors import message


def refused(what: str, name: str, why: str, fix: str) -> ValueError:
    """The error for a part that no expression stands for.

    Example:
        >>> raise refused("layer", "gain", "it draws random numbers", "make the layer without it")

    Args:
        what: a layer or an operation, and of which class.
        name: where it stands in the step.
        why: what is not known about it.
        fix: the way out.
    """
    return ValueError(
        message(
            f"The step cannot be written out: {why}.",
            received=f"{what} {name!r}",
            expected="operations of keras.ops, Keras's layers, and layers whose call consists of them",
            fix=fix,
        )
    )
