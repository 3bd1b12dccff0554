"""The path to save a picture or a page to; its ending chooses the format."""

import os
from pathlib import Path

from rshop.errors import message, told


def checked_path(path, endings: tuple[str, ...], what: str) -> Path:
    """The path to save to.

    Example:
        >>> checked_path("lesson.html", ("html",), "inspector")
        PosixPath('lesson.html')

    Args:
        path: a file name, text or `pathlib.Path`.
        endings: the known ones, without their dot, the most usual one first.
        what: the variable that is saved, for the message.

    Raises:
        TypeError: no path.
        ValueError: another ending.
    """
    expected = ", ".join(f".{ending}" for ending in endings)
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise TypeError(
            message(
                "This is no name of a file to save into.",
                received=f"path={told(path)}",
                expected=f"a file name that ends with {expected}",
                fix=f'{what}.save("name.{endings[0]}")',
            )
        )
    path = Path(path)
    if "\0" in str(path):
        raise ValueError(
            message(
                "No file can have this name.",
                received=repr(str(path)),
                expected="a file name without a zero byte",
                fix=f'{what}.save("name.{endings[0]}")',
            )
        )
    better = path.with_suffix(f".{endings[0]}") if path.name else f"name.{endings[0]}"
    if path.suffix.lstrip(".").lower() not in endings:
        raise ValueError(
            message(
                "The ending of the file says in which form it is saved.",
                received=str(path),
                expected=expected,
                fix=f"{what}.save({str(better)!r})",
            )
        )
    return path
