"""Checks of the options of an `EncoderDecoder`, and of the parts that a user hands in."""

import keras

from rshop.attention.base import AttentionLayer
from rshop.checks import check_count
from rshop.errors import message, told
from rshop.layers.base import RecurrentLayer
from rshop.structure import flat

MODES = ("attention", "peek", "state")

#: What the encoder says to `rshop.generate`, and nobody else.
FROM_THE_SOURCE = ("x", "mask", "constants", "constants_mask", "initial_state", "batch")


def check_counts(**counts):
    """That each option is a count.

    Raises:
        TypeError, ValueError: one is not.
    """
    for name, value in counts.items():
        check_count(name, value, f"{'number' if name != 'embedding' else 'size'} of {_OF[name]}")


_OF = {"units": "units of each cell", "depth": "layers", "embedding": "the embeddings"}


def check_vocabularies(source_tokens, target_tokens):
    """That the sizes of the vocabularies are counts, where they are given.

    Raises:
        TypeError, ValueError: one is not.
    """
    for name, value in (("source_tokens", source_tokens), ("target_tokens", target_tokens)):
        if value is not None:
            check_count(name, value, "size of the vocabulary")


def check_tokens(vocabulary: int | None, **tokens):
    """That each special token is in the vocabulary of the target.

    Raises:
        TypeError, ValueError: one is not.
    """
    for name, token in tokens.items():
        if token is None and name == "end_token":
            continue
        whole = isinstance(token, int) and not isinstance(token, bool)
        if whole and 0 <= token < (vocabulary or token + 1):
            continue
        raise (ValueError if whole else TypeError)(
            message(
                f"`{name}` is a token of the target.",
                received=f"{name}={told(token)}",
                expected="a whole number from 0" + (f" to {vocabulary - 1}" if vocabulary else " on"),
                fix=f"{name}=1",
            )
        )


def check_mode(mode, attention):
    """That the mode is one of three, and that an attention is one of this project and is used.

    Raises:
        TypeError, ValueError: it is not.
    """
    if not isinstance(mode, str) or mode not in MODES:
        raise (ValueError if isinstance(mode, str) else TypeError)(
            message(
                "This is no form of an EncoderDecoder.",
                received=f"mode={told(mode)}",
                expected=", ".join(map(repr, MODES)),
                fix="mode='attention'",
            )
        )
    if attention is not None and not isinstance(attention, AttentionLayer):
        raise TypeError(
            message(
                "`attention` is a layer of rshop.attention.",
                received=f"attention={told(attention)}",
                expected="such as DotAttention()",
                fix="attention=AdditiveAttention(16)",
            )
        )
    if attention is not None and mode != "attention":
        raise ValueError(
            message(
                f"With mode={mode!r} the decoder has no attention.",
                received=f"attention={told(attention)}",
                expected="attention=None, or mode='attention'",
                fix="mode='attention'",
            )
        )


def check_parts(encoder, decoder):
    """That an encoder and a decoder, where they are given, are what they have to be.

    Raises:
        TypeError: they are not.
    """
    if encoder is not None and not isinstance(encoder, keras.Model):
        raise TypeError(
            message(
                "`encoder` is a Keras model.",
                received=f"encoder={told(encoder)}",
                expected="a keras.Model from the source to the memory, or to [memory, *states]",
                fix="keras.Model(source, rnn(embedded))",
            )
        )
    decodes = isinstance(decoder, RecurrentLayer) and decoder.decode and decoder.has_readout
    if decoder is not None and not decodes:
        raise TypeError(
            message(
                "`decoder` is a recurrent layer that reads its own last output.",
                received=f"decoder={told(decoder)}",
                expected="a layer of rshop with decode=True and a readout",
                fix="RecurrentModel(x, logits, ..., readout_input=token, decode=True, output_length=1)",
            )
        )


def memory_of(encoder: keras.Model, *, tokens, embedding, features) -> list[keras.KerasTensor]:
    """The memory and the last states that an encoder returns, as Keras tensors.

    Raises:
        ValueError: the memory is not `(batch, time, features)`.
    """
    if encoder.built and hasattr(encoder, "outputs"):
        outputs = list(encoder.outputs)
    else:
        source = keras.Input((None,), dtype="int32") if tokens else keras.Input((None, features))
        outputs = flat(encoder(source))
    if len(outputs[0].shape) != 3:
        raise ValueError(
            message(
                "The encoder does not return a memory.",
                received=f"a first output of shape {tuple(outputs[0].shape)}",
                expected="(batch, time, features), then the last states if there are any",
                fix="return_sequences=True in the last layer of the encoder",
            )
        )
    return outputs


def unknown_target(source: tuple) -> str:
    """The message for a free run of a model that never saw a target of vectors."""
    return message(
        "The size of the vectors of the target is not known yet.",
        received=f"a source of shape {source} alone",
        expected="a source and a target",
        fix="fit(source, target), or model([source, target]) first",
    )
