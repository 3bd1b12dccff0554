"""Files written whole or not at all, beside their destination first and then moved there; and their names.

Nothing is imported here that takes long: `viz.style.atomic_write` reads this file alone.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# How many letters of the name the unfinished file keeps: most file systems allow 255 bytes in all.
_LETTERS = 40


def write(path, content: str | bytes) -> Path:
    """Write a file in one piece. What stood there stays until all of the new content is written.

    Example:
        >>> write("lesson.html", page)
        PosixPath('lesson.html')

    Args:
        path: a file name.
        content: bytes, or text, which becomes UTF-8; lone surrogates, which UTF-8 cannot hold, are
            written as their codes: `\\udcff`.

    Raises:
        OSError: no such folder, no room, no permission: the file is what it was before.
    """
    data = content if isinstance(content, bytes) else content.encode("utf-8", "backslashreplace")
    with whole(path) as unfinished:
        unfinished.write_bytes(data)
    return Path(path)


@contextmanager
def whole(path) -> Iterator[Path]:
    """A file name to write to, which takes the place of `path` if the block ends without an error.

    Whatever ends the block before, a full disk or an interrupt too, the file at `path` is what it was
    and nothing is left beside it.

    Example:
        >>> with whole("h.gif") as unfinished:
        ...     movie.save(unfinished)

    Args:
        path: a file name; the one to write to has its ending. A link stays a link.

    Raises:
        OSError: no such folder, no room, no permission.
    """
    path = Path(path)
    with _told(path):
        place = Path(os.path.realpath(path))
        replaceable = not place.exists() or place.is_file()
    if not replaceable:  # a device or a pipe: nothing can take its place
        with _told(path):
            yield place
        return
    unfinished = place.with_name(f".{place.stem[:_LETTERS]}.{secrets.token_hex(4)}{place.suffix}")
    try:
        with _told(path):
            _start(unfinished, like=place)
            yield unfinished
            with open(unfinished, "rb+") as written:
                os.fsync(written.fileno())  # some disks report only now that they are full
            os.replace(unfinished, place)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def checked_path(path, endings: tuple[str, ...], what: str) -> Path:
    """The path to save to; its ending chooses the format.

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
    from rshop.errors import message, told  # as below

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


def _start(unfinished: Path, like: Path):
    """Create an empty file with the permissions that the file `like` has, or would have."""
    before = like.exists()
    if before:
        open(like, "rb+").close()  # a file that may not be written is not replaced either
    open(unfinished, "xb").close()
    if before:
        os.chmod(unfinished, like.stat().st_mode & 0o7777)


@contextmanager
def _told(path):
    try:
        yield
    except OSError as error:
        from rshop.errors import message  # takes seconds, so only now

        number = error.errno
        text = message(
            f"The file could not be written: {error.strerror or error}.",
            received=path,
            expected="a file in a folder that is there, with the right to write and room for it",
            fix=f"look at {str(path.parent)!r}, or save under another name",
        )
        raise (type(error)(text) if number is None else OSError(number, text)) from error
