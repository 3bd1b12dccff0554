"""The names of the weights in the equations of one function: `W_z`, `U_z` and `b_z` for an update gate."""

import re
from collections import Counter
from collections.abc import Callable

from keras import layers

from rshop.expressions.terms import Function, Term, resolved
from rshop.step.names import snake_case

_LETTERS = {"kernel": "W", "recurrent_kernel": "U", "bias": "b", "embeddings": "E", "attention_v": "v"}
_MADE_UP = {snake_case(name) for name in dir(layers)} | {"lstm_cell", "gru_cell", "simple_rnn_cell"}
_MADE_UP |= {"rnn_cell_from_model", "recurrent_sequential", "recurrent_model", "cell_layer", "functional"}


class WeightNames:
    """A letter and an index for each weight that a function reads.

    A weight of a layer without a name of its own is called after the value that it helps to compute.
    Where that says too little, its layer has a number; the layers are counted as they are first asked for.

    Example:
        >>> names = WeightNames(step, terms, lambda term: "z" if term is update_gate else None)
        >>> names["dense/kernel"], names["dense/bias"], names["dense_1/kernel"]
        (('W', 'z'), ('b', 'z'), ('U', 'z'))

    Args:
        function: the function.
        terms: its terms, simplified, in their order.
        called: gives the symbol of a term that has an equation of its own, without its time; else None.
    """

    def __init__(self, function: Function, terms: list[Term], called: Callable[[Term], str | None]):
        self._called, self._readers = called, _readers(terms)
        self._numbers: dict[str, int] = {}
        roles = zip(function.reads, function.roles or [""] * len(function.reads), strict=True)
        remembering = depending_on([read for read, role in roles if role == "state"], terms)
        weights = {}
        for term in terms:
            if term.kind == "weight":
                weights.setdefault(term.how["key"], []).append(term)
        own = {key: uses for key, uses in weights.items() if made_up(layer_of(key))}
        targets = {key: self._target(uses) for key, uses in own.items()}
        letters = {key: letter_of(key) for key in weights}
        letters |= self._recurrent(own, targets, remembering)
        self._found = self._indexed(letters, targets)

    def __getitem__(self, key: str) -> tuple[str, str]:
        """The letter and the index of the weight of this key; the index may be empty."""
        letter, under = self._found[key]
        if under is None:
            under = str(self._numbers.setdefault(layer_of(key), len(self._numbers) + 1))
        return letter, under

    def _indexed(self, letters, targets):
        found, alone = {}, Counter(letters.values())
        # Where one weight of a value needs an index, all of that value have it.
        crowded = {targets[key] for key in targets if alone[letters[key]] > 1}
        for key, letter in letters.items():
            layer = layer_of(key)
            if len(layer) == 1 and key.endswith("kernel"):
                found[key] = layer, ""
            elif not layer or (alone[letter] == 1 and targets.get(key) not in crowded):
                found[key] = letter, ""
            else:
                found[key] = letter, targets.get(key, layer)
        taken = Counter(found.values())
        numbered = {layer_of(k) for k in targets if taken[found[k]] > 1 or found[k][1] is None}
        return {
            k: (letters[k], None) if k in targets and layer_of(k) in numbered else found[k] for k in found
        }

    def _target(self, uses):
        # The value with a line of its own that a weight is for, if there is one such value.
        if len(uses) != 1:
            return None
        term = uses[0]
        while len(readers := self._readers.get(id(term), [])) == 1:
            (term,) = readers
            if found := self._called(term):
                return found if re.fullmatch(r"[^\W\d_]+", found) else None
        return None

    def _recurrent(self, own, targets, remembering):
        # Two products for one value, with the input and with a state: `W x` and `U h`.
        of_state = {}
        for key, uses in own.items():
            products = self._readers.get(id(uses[0]), [])
            if letter_of(key) == "W" and len(uses) == len(products) == 1 and products[0].kind == "matmul":
                of_state[key] = id(resolved(products[0].of[0])) in remembering
        both = Counter((targets[key], is_state) for key, is_state in of_state.items())
        found = {}
        for key, is_state in of_state.items():
            of_both = both[targets[key], True] == both[targets[key], False] == 1
            if targets[key] and of_both and is_state:
                found[key] = "U"
        return found


def layer_of(key: str) -> str:
    """The name of the layer of a weight, from the weight's key."""
    return key.rpartition("/")[0].rpartition("/")[2]


def letter_of(key: str) -> str:
    """The letter of a weight, from its key: `W` for `dense/kernel`."""
    last = re.sub(r"_\d+$", "", key.rpartition("/")[2])
    return _LETTERS.get(last, last)


def made_up(layer: str) -> bool:
    """Whether the name of a layer is one that Keras or this project gave it."""
    return re.sub(r"_\d+$", "", layer) in _MADE_UP


def _readers(terms):
    found = {}
    for term in terms:
        for part in {id(p): p for p in map(resolved, term.of)}.values():
            found.setdefault(id(part), []).append(term)
    return found


def depending_on(reads: list[Term], terms: list[Term]) -> set[int]:
    """The identities of the terms that depend on some of what is read, these included."""
    found = set(map(id, reads))
    for term in terms:
        if any(id(resolved(part)) in found for part in term.of):
            found.add(id(term))
    return found
