"""`generate` and `stream`: what a recurrent layer says when its own output is all that it hears."""

from collections.abc import Callable, Iterator
from dataclasses import fields

from keras import ops

from rshop.errors import message
from rshop.generation.generated import Generated, beams_from, tokens_from, values_from
from rshop.generation.options import Options
from rshop.generation.plan import Plan
from rshop.layers.base import RecurrentLayer
from rshop.structure import tree


def generate(
    rnn: RecurrentLayer,
    length: int,
    *,
    x=None,
    strategy: str | Callable = "greedy",
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    beam_width: int = 5,
    length_penalty: float = 0.0,
    end_token: int | None = None,
    min_length: int = 0,
    warm_up=None,
    constants=None,
    initial_state=None,
    initial_readout=None,
    batch: int = 1,
    seed: int | None = None,
    forbidden=None,
    repetition_penalty: float = 1.0,
    pad_token: int | None = None,
    mask=None,
    constants_mask=None,
    tokens: bool | None = None,
    from_logits: bool | None = None,
    jit_compile: bool = False,
) -> Generated:
    """A sequence that a recurrent layer generates by itself: tokens or, for a readout of numbers, values.

    Example:
        Of a decoder that returns logits of 30 tokens at each timestep and reads its last token::

            >>> found = generate(rnn, 20, strategy="sample", temperature=0.8, end_token=0, batch=4, seed=1)
            >>> found.tokens.shape, found.scores.shape, found.lengths.shape
            ((4, 20), (4,), (4,))

        The closed loop of a forecaster, after the values that are known::

            >>> generate(forecaster, 24, warm_up=series).values.shape  # of series (batch, time, 1)
            (1, 24, 1)

    Tokens or values: tokens where the readout is whole numbers without the output's last axis, where the
    outputs are probabilities, where the readout goes through a layer such as `ArgmaxEmbedding`, where an
    option is given that only tokens have, or `warm_up` is whole numbers for a readout of several numbers;
    else values. `tokens=` says it outright.
    A token is fed back as its number where the readout is whole numbers, else as a one-hot of the output's
    width, as the truth is in teacher forcing. The output `(batch, vocabulary)` may be logits or
    probabilities; `Generated.from_logits` says as which it was taken. Values are fed back as they are.

    Args:
        rnn: a recurrent layer with a readout.
        length: the largest number of timesteps to generate. Another length is traced once at most.
        x: what a decoder sees, `(batch, ...)`; else the inputs of each timestep, those of `warm_up` first,
            `(batch, time, ...)`. Not needed where the step reads none.
        strategy: `"greedy"`, the likeliest token; `"sample"`, one that is drawn; `"beam"`, a search for the
            likeliest sequence; or a function that turns an output `(batch, ...)`, in the structure of the
            step's outputs, into the next readout, or into tokens, whole numbers `(batch,)`. One that draws
            takes a second argument `seed` and hands it to `keras.random`: so a mixture is sampled.
        temperature: of `"sample"`, what log-probabilities are divided by: the colder, the nearer to greedy.
        top_k: of `"sample"`, draw from the k likeliest tokens (Fan et al., 2018).
        top_p: of `"sample"`, draw from the fewest likeliest tokens that have this probability together
            (Holtzman et al., 2020).
        beam_width: of `"beam"`, how many sequences are kept at each timestep; 1 is greedy.
        length_penalty: of `"beam"`, the exponent of `(5 + length) / 6`, by which the log-probability of a
            sequence is divided for the comparison (Wu et al., 2016); 0 compares sequences as they are.
        end_token: the token that ends a sequence. When all have ended, generation stops.
        min_length: how many tokens come before the end token may.
        warm_up: a prompt that is fed as readouts first: tokens `(time,)` or `(batch, time)`, or values
            `(batch, time, ...)` in the structure of the readout. It is no part of the result. Before it the
            step reads `initial_readout`: where that is zeros, token 0. A model that reads nothing before a
            text needs `initial_readout=prompt[0], warm_up=prompt[1:]`.
        constants, initial_state: as in a call of the layer.
        initial_readout: what the first timestep reads; for tokens also a token, or one for each sample.
        batch: how many sequences, where no argument tells.
        seed: an int for what is drawn; by default from Python's `random`, which
            `keras.utils.set_random_seed` sets.
        forbidden: tokens that are never chosen.
        repetition_penalty: the factor of the log-probability of tokens that were there, the prompt included:
            above 1 they are chosen less (after Keskar et al., 2019).
        pad_token: what stands after the end; by default the end token.
        mask: of `x`, as in a call of the layer. At a masked timestep nothing is generated.
        constants_mask: of the constants; masks that they carry are found without it.
        tokens: whether tokens are generated, where it is not to be found out.
        from_logits: whether the outputs are logits, likewise.
        jit_compile: let XLA compile the loop, as `Model.compile(jit_compile=True)` does with a model. The
            first call takes about a second longer, later ones a fraction of the time; so it pays where the
            same layer generates often, or thousands of tokens. The last bits of sums may differ: of two
            tokens that are equally likely but for them, the other may be chosen. Lengths up to the next
            power of two share what is compiled. On a CPU a beam search with a repetition penalty, a
            minimal length or forbidden tokens is slower with it: XLA sorts all continuations. Without effect
            where there is no XLA (Apple's GPUs).

    Returns:
        A `Generated`. Its scores are sums of log-probabilities of the model as it is: what shapes the choice
        (temperature, penalties, forbidden tokens) does not shape them. A stateful layer begins where its last
        call ended, and stays as it was.

    Raises:
        TypeError, ValueError: an argument of the wrong kind or shape, a token outside the vocabulary, outputs
            that are no distribution, a readout that cannot be fed back.
    """
    plan = _planned(dict(locals()))
    found = tree.map_structure(ops.convert_to_numpy, plan.program.generate(plan.given))
    state, length = found["state"], plan.request.length
    emitted = [value[:length] for value in found["emitted"]]
    if plan.feeding is None:
        return values_from(emitted, rnn.description.readouts, plan.request.batch)
    make = beams_from if plan.options.strategy == "beam" else tokens_from
    return make(emitted, state, length=length, pad=plan.pad, from_logits=plan.from_logits)


def stream(
    rnn: RecurrentLayer,
    length: int,
    *,
    x=None,
    strategy: str | Callable = "greedy",
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    beam_width: int = 5,
    length_penalty: float = 0.0,
    end_token: int | None = None,
    min_length: int = 0,
    warm_up=None,
    constants=None,
    initial_state=None,
    initial_readout=None,
    batch: int = 1,
    seed: int | None = None,
    forbidden=None,
    repetition_penalty: float = 1.0,
    pad_token: int | None = None,
    mask=None,
    constants_mask=None,
    tokens: bool | None = None,
    from_logits: bool | None = None,
    jit_compile: bool = False,
) -> Iterator:
    """What `generate` gives for the same arguments, one token or value at a time, as soon as it is there.

    Example:
        >>> for token in stream(rnn, 200, strategy="sample", warm_up=prompt, seed=1):
        ...     print(characters[token], end="")

    Args:
        rnn, length, ...: as in `generate`; there is no beam search, which knows its first token last.

    Returns:
        An iterator that ends when every sequence has. Of one sample it yields the token, an int, or the value
        `(...)` alone; of several, arrays `(batch,)` or `(batch, ...)`.

    Raises:
        TypeError, ValueError: as `generate` raises, at the call.
    """
    plan = _planned(dict(locals()))
    if strategy == "beam":
        raise ValueError(
            message(
                "A beam search knows its first token only when the last is found.",
                received="strategy='beam'",
                expected="'greedy', 'sample' or a function",
                fix="generate(rnn, length, strategy='beam').tokens",
            )
        )
    return _running(plan)


def _planned(given: dict) -> Plan:
    names = [field.name for field in fields(Options)]
    options = Options(**{name: given.pop(name) for name in names})
    return Plan.of(given.pop("rnn"), given.pop("length"), options, **given)


def _running(plan: Plan) -> Iterator:
    program, given, start = plan.program, plan.given, plan.request.warm_up_length
    carry = program.read(given)
    for t in range(plan.request.length):
        now = {
            "t": ops.convert_to_tensor(t, "int32"),
            "inputs": [sequence[:, start + t] for sequence in given["inputs"]],
            "mask": [mask[:, start + t] for mask in given["mask"]],
            "drawn": [numbers[t] for numbers in given["drawn"]],
        }
        carry, emitted, ended = program.step(carry, now, given)
        yield _one(plan, [ops.convert_to_numpy(value) for value in emitted])
        if ended:
            return


def _one(plan, emitted):
    if plan.feeding is not None:
        return int(emitted[0][0]) if plan.request.batch == 1 else emitted[0]
    alone = [value[0] if plan.request.batch == 1 else value for value in emitted]
    return tree.pack_sequence_as(plan.request.rnn.description.readouts, alone)
