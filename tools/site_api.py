"""The API reference: a page for each public name, made from the tables of the packages and the docstrings.

A name is public because a package says so in its `__all__`; nothing here lists names, so that a new one has
its page, its picture and its place in the index by itself.
"""

import importlib
import inspect
import pkgutil
import re
from dataclasses import dataclass
from types import ModuleType

from course_facts import lessons
from site_examples import Picture, example_picture
from site_lessons import Shown, read_lesson
from site_uses import used_in

#: Methods that a reader does not call: Keras does, or another part of this project.
PLUMBING = {"build", "get_config", "from_config", "options_of_init", "weights", "reset_state"}
PLUMBING |= {
    "describe",
    "description",
    "is_described",
    "make_step",
    "read_call",
    "results",
    "step_output_shape",
}
PLUMBING |= {"declared_shape", "output_shape", "step_model", "keras_class", "keras_layer", "make_parts"}
PLUMBING |= {"state_input", "x_input", "product", "bias", "activate", "drop", "dropped"}
#: The room that is for TensorFlow's calls alone.
INNER = {"rshop.backend"}


@dataclass(frozen=True)
class Entry:
    """A page of the reference.

    Attributes:
        module: where the name is imported from.
        names: the public name, and those that differ from it by capitals only, which one folder of files
            cannot hold on every system.
        thing: the object with the first name.
    """

    module: str
    names: tuple[str, ...]
    thing: object

    @property
    def title(self) -> str:
        """The name as one writes it."""
        return f"{self.module}.{self.names[0]}"

    @property
    def line(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.thing) or "").partition("\n\n")[0].replace("\n", " ")


def api_pages() -> dict[str, str | bytes]:
    """Place in the site -> content."""
    seen = [(lesson, *read_lesson(lesson.file)) for lesson in lessons() if lesson.first]
    modules = {module.__name__: entries for module, entries in public().items()}
    pages = {"api/index.md": index(modules)}
    for entry in [entry for entries in modules.values() for entry in entries]:
        drawn, files = picture(entry, [shown for *_, some in seen for shown in some])
        pages |= files
        notebooks = [(lesson, notebook) for lesson, notebook, *_ in seen]
        pages[f"api/{entry.title}.md"] = page(entry, drawn, used_in(entry, notebooks))
    return pages


def public() -> dict[ModuleType, list[Entry]]:
    """Module -> its public names; a name that stands in two modules counts for the first one."""
    rshop, viz = (importlib.import_module(name) for name in ("rshop", "viz"))
    rooms = [f"rshop.{found.name}" for found in pkgutil.iter_modules(rshop.__path__) if found.ispkg]
    modules = [rshop, *(importlib.import_module(room) for room in rooms if room not in INNER), viz]
    known, found = set(), {}
    for module in modules:
        names = [name for name in getattr(module, "__all__", ()) if id(getattr(module, name)) not in known]
        known |= {id(getattr(module, name)) for name in names}
        if names:
            found[module] = _entries(module, names)
    return found


def _entries(module, names):
    alike = {}
    for name in sorted(names, key=lambda name: (name.lower(), name[0].isupper())):
        alike.setdefault(name.lower(), []).append(name)
    order = {name: place for place, name in enumerate(names)}
    groups = sorted(alike.values(), key=lambda group: order[group[0]])
    return [Entry(module.__name__, tuple(group), getattr(module, group[0])) for group in groups]


def index(modules: dict[str, list[Entry]]) -> str:
    """The page that lists all names."""
    parts = ["# API reference", "Every public name, with what it takes, returns and raises."]
    for module, entries in modules.items():
        about = (inspect.getdoc(importlib.import_module(module)) or "").partition("\n")[0]
        rows = "\n".join(f"| {_links(entry)} | {_cell(entry.line)} |" for entry in entries)
        names = "\n".join(f"{entry.title}" for entry in entries)
        parts += [f"## {module}", about, f"| name | what it is |\n|---|---|\n{rows}"]
        parts += [f"```{{toctree}}\n:hidden:\n:caption: {module}\n\n{names}\n```"]
    return "\n\n".join(parts) + "\n"


def _links(entry):
    return ", ".join(f"[`{name}`]({entry.title}.md)" for name in entry.names)


def _cell(text):
    return text.replace("|", r"\|")


def page(entry: Entry, drawn: str, uses: str) -> str:
    """The page of one name: its picture, its documentation, and where it is used."""
    directives = [directive(f"{entry.module}.{name}", entry) for name in entry.names]
    directives += [directive(name, entry) for name in results(entry)]
    documented = "\n\n".join(directives)
    parts = [f"# {entry.title}", drawn, f"```{{eval-rst}}\n{documented}\n```", uses]
    return "\n\n".join(part for part in parts if part) + "\n"


def directive(name: str, entry: Entry) -> str:
    """What Sphinx reads the docstrings of a function, class or module by."""
    module, _, last = name.rpartition(".")
    thing = getattr(importlib.import_module(module), last)
    if inspect.ismodule(thing):
        classes = [name for name, own in vars(thing).items() if _defined(own, thing.__name__)]
        return "\n\n".join([f".. automodule:: {name}", *(f".. autoclass:: {name}.{own}" for own in classes)])
    if not inspect.isclass(thing):
        return f".. autofunction:: {name}"
    shown = ", ".join(members(thing))
    return f".. autoclass:: {name}\n   " + (f":members: {shown}" if shown else ":no-members:")


def members(cls: type) -> list[str]:
    """The methods and properties of a class that somebody documented here, not in Keras or Python."""
    ours = [base for base in cls.__mro__ if base.__module__.split(".")[0] in ("rshop", "viz")]
    found = [
        name
        for base in ours
        for name, member in vars(base).items()
        if not name.startswith(("_", "compute_")) and name not in PLUMBING and inspect.getdoc(member)
        if callable(member) or isinstance(member, (property, classmethod, staticmethod))
    ]
    return list(dict.fromkeys(found))


def results(entry: Entry) -> list[str]:
    """The classes that a function returns, where they have no page of their own: full names."""
    if not inspect.isfunction(entry.thing):
        return []
    module = importlib.import_module(entry.thing.__module__)
    package = importlib.import_module(entry.module)
    said = inspect.getdoc(entry.thing) or ""
    return [
        f"{module.__name__}.{name}"
        for name, own in vars(module).items()
        if _defined(own, module.__name__) and name not in package.__all__ and f"`{name}`" in said
    ]


def _defined(thing, module):
    named = getattr(thing, "__name__", "_")
    return inspect.isclass(thing) and thing.__module__ == module and not named.startswith("_")


def picture(entry: Entry, shown: list[Shown]) -> tuple[str, dict[str, bytes]]:
    """The picture of a function of `viz` in MyST, and the file that it needs.

    It is one that a lesson shows; if none does, what the example in the docstring draws.
    """
    if entry.module != "viz" or not inspect.isfunction(entry.thing):
        return "", {}
    name = entry.names[0]
    fitting = [one for one in shown if f"viz.{name}(" in one.code]
    alone = [one for one in fitting if set(re.findall(r"viz\.(\w+)\(", one.code)) == {name}]
    if name == "inspect":
        alone = [one for one in alone if one.html]
    for one in alone or fitting:
        if one.html:
            return f"```{{raw}} html\n{one.html}\n```", {}
        return figure(f"/{one.path}", one.alt), {}
    drawn: Picture | None = example_picture(entry.thing)
    if drawn is None:
        return "", {}
    if drawn.ending == "tex":
        return f"````{{container}} api-picture\n```{{math}}\n{drawn.data.decode()}\n```\n````", {}
    file = f"api/pictures/{entry.title}.{drawn.ending}"
    return figure(f"/{file}", drawn.alt), {file: drawn.data}


def figure(path: str, alt: str) -> str:
    """A picture with its alternative text."""
    return f"```{{image}} {path}\n:alt: {' '.join(alt.split())}\n:class: api-picture\n```"
