"""Class signatures as JupyterLab shows them: every option, with type and default, in place of `**options`."""

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from inspect import Parameter

import keras

from rshop.errors import message, told

# The type of an option of Keras by the last word of its name; Keras writes none.
_TYPES = {
    "activation": "str | Callable | None",
    "initializer": "str | keras.Initializer",
    "regularizer": "str | keras.Regularizer | None",
    "constraint": "str | keras.Constraint | None",
    "dtype": "str | keras.DTypePolicy | None",
    "name": str | None,
    "seed": int | None,
}


class ClassSignature:
    """The `__signature__` of a class and of its subclasses, each with its own parameters.

    Example:
        >>> class Base:
        ...     __signature__ = ClassSignature()
        ...     def __init__(self, *, width: int = 3): ...
        >>> class Child(Base):
        ...     def __init__(self, height, **options):
        ...         super().__init__(**options)
        >>> inspect.signature(Child)
        <Signature (height, *, width: int = 3)>
    """

    def __get__(self, instance, owner) -> inspect.Signature:
        if instance is None:
            return inspect.Signature(parameters(owner))
        raise AttributeError(f"{type(instance).__name__} objects have the signature of their __call__")


def parameters(cls: type) -> list[Parameter]:
    """The parameters of `cls(...)`, with those that the `**options` of its `__init__` stand for.

    They are what a class method `options_of_init` beside the `__init__` says, or else the parameters of the
    base class, where the `__init__` hands all of its options on, `super().__init__(..., **options)`. What
    it may do otherwise with its options cannot be known, so there they stay `**options`.

    Example:
        >>> [parameter.name for parameter in parameters(RNNCell)][:2]
        ['output_dim', 'input_dim']
    """
    return _from(cls, cls.__mro__)


def _from(cls, classes) -> list[Parameter]:
    # Those of the first `__init__` among the last `classes` of the method resolution order of `cls`.
    place = next(i for i, base in enumerate(classes) if "__init__" in vars(base))
    members = vars(classes[place])
    own = list(inspect.signature(members["__init__"]).parameters.values())[1:]
    if not own or own[-1].kind is not Parameter.VAR_KEYWORD:
        return own
    *own, rest = own
    if "options_of_init" in members:
        return [*own, *keyword_only(cls.options_of_init(), without=_names(own))]
    call = _call_of_base(members["__init__"], classes[place].__name__, rest.name)
    if call is None:
        return [*own, rest]
    inherited = _from(cls, classes[place + 1 :])
    positions = [p.name for p in inherited if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    fixed = {keyword.arg for keyword in call.keywords} | set(positions[: len(call.args)])
    return [*own, *keyword_only(inherited, without=_names(own) | fixed)]


def with_options_of(function: Callable, without: Iterable[str] = (), **defaults) -> Callable:
    """A decorator: the `**options` of a method are the keyword-only ones of `function`, and shown as such.

    Example:
        >>> class Model:
        ...     @with_options_of(rshop.generate, without=["x"])
        ...     def generate(self, source, length: int, **options): ...
        >>> list(inspect.signature(Model.generate).parameters)[:5]
        ['self', 'source', 'length', 'strategy', 'temperature']

    Args:
        function: what the method hands its options on to.
        without: the options that the method gives itself.
        **defaults: of the method, where they are others.

    Raises:
        TypeError: at a call with another option, by its name.
    """
    given = inspect.signature(function).parameters.values()

    def decorate(method):
        *own, _ = inspect.signature(method).parameters.values()
        skipped = {*without, *_names(own)}
        options = [p for p in given if p.kind is Parameter.KEYWORD_ONLY and p.name not in skipped]
        options = [p.replace(default=defaults.get(p.name, p.default)) for p in options]
        known = _names([*own, *options])

        @functools.wraps(method)
        def checked(*args, **kwargs):
            for name in kwargs.keys() - known:
                raise TypeError(
                    message(
                        f"`{method.__name__}` has no option {name!r}.",
                        received=f"{name}={told(kwargs[name])}",
                        expected=", ".join(option.name for option in options),
                        fix=f"leave out {name}",
                    )
                )
            return method(*args, **kwargs)

        returns = inspect.signature(method).return_annotation
        checked.__signature__ = inspect.Signature([*own, *options], return_annotation=returns)
        return checked

    return decorate


def keyword_only(given: Iterable[Parameter], without: Iterable[str] = ()) -> list[Parameter]:
    """Parameters that can be given by name, as keyword-only ones; `**rest` stays at the end.

    Example:
        >>> keyword_only(inspect.signature(lambda a, b=1, *c: 0).parameters.values(), without=["a"])
        [<Parameter "b=1">]
    """
    skipped = (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL)
    kept = [p for p in given if p.kind not in skipped and p.name not in without]
    return [p if p.kind is Parameter.VAR_KEYWORD else p.replace(kind=Parameter.KEYWORD_ONLY) for p in kept]


def options_of_keras(function: Callable) -> list[Parameter]:
    """The options of a Keras layer, read from its `__init__`, each with its type.

    Example:
        >>> [str(option) for option in options_of_keras(keras.layers.Layer)][-2:]
        ['autocast: bool = True', 'name: str | None = None']
    """
    given = inspect.signature(function.__init__).parameters.values()
    named = [p for p in keyword_only(given, without=["self"]) if p.kind is Parameter.KEYWORD_ONLY]
    return [p.replace(annotation=_type(p)) for p in named]


def _type(option):
    known = _TYPES.get(option.name.rpartition("_")[2])
    return known or (Parameter.empty if option.default is Parameter.empty else type(option.default))


def _names(given) -> set[str]:
    return {parameter.name for parameter in given}


def _call_of_base(function, class_name, options) -> ast.Call | None:
    # The one call of the base class, if the function does nothing with its options but hand them on there.
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None  # written where its source is not kept
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == options]
    calls = [node for node in _calls_of_init(tree, class_name) if _hands_on(node, options)]
    return calls[0] if len(uses) == len(calls) == 1 else None


def _calls_of_init(tree, class_name) -> Iterator[ast.Call]:
    known = ("super().__init__", f"super({class_name}, self).__init__")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in known:
            yield node


def _hands_on(call, options) -> bool:
    splats = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg is None]
    return splats == [options] and not any(isinstance(argument, ast.Starred) for argument in call.args)


#: The options of every Keras layer.
LAYER_OPTIONS = options_of_keras(keras.layers.Layer)
