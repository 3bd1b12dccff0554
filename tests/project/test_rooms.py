"""Each room imports what it says it may; imports run one way; TensorFlow stays in the room of its backend."""

import ast
import inspect
import re

import pytest

import rshop
import viz
from rshop.backend import tensorflow as backend
from tests.project.test_project import ROOT, files_of, trees, uses_module, where

# What lies beside the rooms of `rshop`: seen by all, and itself made of nothing but one another.
BESIDE = {"errors", "structure", "versions", "checks", "configs", "conversions", "signatures", "files"}
#: Files that put the rooms together, and the cells to read: nothing imports them back.
ABOVE = {"rshop", "rshop.basic_cells", "viz"}


def modules():
    """name -> (its tree, whether it is the `__init__` of a room)."""
    found = {}
    for path, tree in trees("rshop", "viz"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = tree, name.endswith(".__init__")
    return found


MODULES = modules()
ROOMS = {name for name, (_, is_room) in MODULES.items() if is_room and "." in name}


def imported(tree):
    """The modules of this project that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            for alias in node.names:
                found = {f"{node.module}.{alias.name}", node.module} & MODULES.keys()
                yield from [max(found, key=len)] if found else []
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in MODULES)


def room_of(module):
    """The nearest room that a module is in, itself included; "" for what lies beside the rooms."""
    while module and module not in ROOMS:
        module = module.rpartition(".")[0]
    return module


def allowed(room):
    """The rooms that a room names in the last paragraph of its docstring."""
    *_, last = (ast.get_docstring(MODULES[room][0]) or "").split("\n\n")
    assert last.startswith("May import: ") and last.endswith("."), f"{room} does not say what it may import"
    names = last.removeprefix("May import: ").rstrip(".").split(", ")
    return set() if names == ["no other room"] else {f"{room.split('.')[0]}.{name}" for name in names}


def whole(room):
    """The room of a package that a room is in: `rshop.fast` for `rshop.fast.plan`."""
    return ".".join(room.split(".")[:2])


def is_within(module, rooms):
    return any(module == room or module.startswith(f"{room}.") for room in rooms)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_what_it_says_it_may(room):
    may, top = allowed(room), room.split(".")[0]
    assert may <= MODULES.keys(), "rooms that there are not"
    strange = set()
    for name, (tree, _) in MODULES.items():
        if room_of(name) != room:
            continue
        for module in imported(tree):
            beside = module.split(".")[1:2]
            mine = is_within(module, {room}) or is_within(module, may)
            shared = top == "rshop" and module.startswith("rshop.") and beside[0] in BESIDE
            of_rshop = top == "viz" and module.split(".")[0] == "rshop"
            if not (mine or shared or of_rshop):
                strange.add((name, module))
    assert strange == set()


def test_what_lies_beside_the_rooms_imports_no_room():
    names = {f"rshop.{name}" for name in BESIDE}
    found = {(n, m) for n in names for m in imported(MODULES[n][0]) if m not in names}
    assert found == set()


def test_rooms_import_one_way():
    """No two rooms import each other, nor three in a ring; a room within another counts as that one."""
    after = {}
    for room in ROOMS:
        top = whole(room)
        after.setdefault(top, set()).update({whole(other) for other in allowed(room)} - {top})
    while free := {room for room, rooms in after.items() if not rooms & after.keys()}:
        after = {room: rooms for room, rooms in after.items() if room not in free}
    assert after == {}


def test_files_import_one_way():
    after = {name: {m for m in imported(tree) if m != name} for name, (tree, _) in MODULES.items()}
    while free := {name for name, names in after.items() if not names & after.keys()}:
        after = {name: names for name, names in after.items() if name not in free}
    assert after == {}


def test_nothing_imports_what_puts_the_rooms_together():
    inside = {n: tree for n, (tree, _) in MODULES.items() if n.startswith("rshop") and n not in ABOVE}
    assert {n for n, tree in inside.items() if ABOVE & set(imported(tree))} == set()


def test_rshop_never_imports_viz():
    found = [path for path, tree in trees("rshop") if uses_module(tree, "viz")]
    assert where(found) == []


def test_tensorflow_stays_in_the_room_of_its_backend():
    support = [(p, t) for p, t in trees("tests") if "support" in p.parts]
    found = [path for path, tree in [*trees("rshop", "viz"), *support] if uses_module(tree, "tensorflow")]
    assert {name.rpartition("/")[0] for name in where(found)} == {"rshop/backend/tensorflow"}


def in_the_table():
    """name -> (its file, its arguments in order) for each line of the backend's table."""
    lines = re.findall(r"^`(\w+)\.(\w+)\((.*?)\)` ", backend.__doc__, re.MULTILINE)
    return {name: (file, arguments.split(", ") if arguments else []) for file, name, arguments in lines}


def test_the_table_of_the_backend_names_what_it_offers():
    assert sorted(in_the_table()) == sorted(backend.__all__)


@pytest.mark.parametrize("name", backend.__all__)
def test_the_table_of_the_backend_has_the_files_and_the_arguments(name):
    """An ellipsis stands for arguments by name, and for those that may be left out."""
    file, arguments = in_the_table()[name]
    function = getattr(backend, name)
    assert function.__module__ == f"{backend.__name__}.{file}"
    positional = [p.name for p in inspect.signature(function).parameters.values() if p.kind != p.KEYWORD_ONLY]
    keywords = len(positional) < len(inspect.signature(function).parameters)
    assert arguments == positional + (["..."] if keywords else [])


def test_every_folder_is_a_room():
    for path in files_of("rshop", "viz", "tests"):
        assert (path.parent / "__init__.py").exists() or "saved" in path.parts, path


def test_no_public_name_is_that_of_a_room():
    """Importing a room would put the module in place of the function."""
    names = {(package.__name__, name) for package in (rshop, viz) for name in package.__all__}
    assert names & {(top, inner) for top, _, inner in (room.rpartition(".") for room in ROOMS)} == set()
