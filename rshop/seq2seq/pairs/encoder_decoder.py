"""`EncoderDecoder`: one sequence into another, of any length, by cells of any kind."""

import copy
from collections.abc import Callable

import keras
from keras import ops

from rshop.attention import AdditiveAttention
from rshop.attention.base import AttentionLayer
from rshop.cells import LSTMCell
from rshop.configs import reading
from rshop.generation.generate import generate
from rshop.generation.generated import Generated
from rshop.seq2seq.pairs import checks
from rshop.seq2seq.pairs.bridge import Bridge
from rshop.seq2seq.pairs.decoder import make_decoder, states_to_bridge
from rshop.seq2seq.pairs.encoder import make_encoder
from rshop.seq2seq.pairs.training import TrainedOnPairs
from rshop.seq2seq.parts import prototype
from rshop.seq2seq.reader import build_layers, make_reader, reads_input
from rshop.signatures import with_options_of
from rshop.step import teacher_forcing
from rshop.structure import flat, flat_shapes, shape_of


@keras.saving.register_keras_serializable(package="rshop")
class EncoderDecoder(TrainedOnPairs):
    """A model that turns one sequence into another: an encoder, a bridge, and a decoder.

    `fit(source, target)` is all: the target is shifted behind a start token inside, and padding counts
    neither in the loss nor in the metrics (token and sequence accuracy, perplexity).

    Example:
        Digits backwards, tokens from 3 on, 0 is padding, 1 the start and 2 the end::

            >>> model = EncoderDecoder(32, source_tokens=13, target_tokens=13, end_token=2)
            >>> model.compile()
            >>> model.fit(source, target, epochs=20)  # whole numbers (batch, time) each
            >>> model([source, target]).shape  # logits, each token known as the next is guessed
            (batch, time, 13)
            >>> model.generate(source, 8, strategy="beam").tokens  # (batch, 8)

    Three forms of one graph, by `mode`:

    - `"attention"`: the decoder looks at every timestep of the source (Bahdanau et al., 2015);
    - `"peek"`: it sees the last states of the encoder at each timestep (Cho et al., 2014);
    - `"state"`: it only begins with them (Sutskever et al., 2014).

    In all three the first states of the decoder come from the last ones of the encoder: as they are where
    sizes and numbers agree, else through `tanh(W s + b)`.

    Args:
        units: the number of units of each cell.
        cell: a class of cells, ours or Keras's, or a function that makes one of the number of units.
        depth: the number of layers of the encoder, and of cells of the decoder.
        source_tokens, target_tokens: the sizes of the vocabularies. Without them source and target are
            sequences of vectors, `(batch, time, features)`.
        embedding: the size of the embeddings.
        mode: `"attention"`, `"peek"` or `"state"`.
        attention: a layer of `rshop.attention`; by default `AdditiveAttention(units)`.
        bidirectional: the encoder reads from both ends.
        teacher_force: in training, feed the true last token: True, a probability (scheduled sampling), a
            `keras.Variable` that holds one, or a schedule of the training call; see `RecurrentModel`.
        start_token: what the decoder reads first; for vectors it reads zeros.
        end_token: the token that ends a generated sequence; targets should have it.
        pad_token: the token that is padding, of source and target.
        encoder: a Keras model in place of the encoder, from the source to the memory
            `(batch, time, features)` or to `[memory, *states]`.
        decoder: a recurrent layer of this project in place of the decoder, with `decode=True` and a readout.
        **model_kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: the source `(batch, time)`, or `[source, target]`. With the target each output is that after
            the true last token, without it the decoder runs freely.
        training: whether dropout is on, and the target is fed as `teacher_force` says.
        output_length: the number of timesteps of a free run, by default those of the source.
        source_mask: for vectors, booleans `(batch, time)`: which timesteps of the source are there.

    Raises:
        TypeError, ValueError: an option of the wrong kind, or that is none of its choices.

    Source:
        I. Sutskever et al., Sequence to sequence learning with neural networks, 2014 (arXiv:1409.3215);
        K. Cho et al., 2014 (arXiv:1406.1078); D. Bahdanau et al., 2015 (arXiv:1409.0473).
    """

    def __init__(
        self,
        units: int,
        *,
        cell: "type | Callable" = LSTMCell,
        depth: int = 1,
        source_tokens: int | None = None,
        target_tokens: int | None = None,
        embedding: int = 64,
        mode: str = "attention",
        attention: AttentionLayer | None = None,
        bidirectional: bool = True,
        teacher_force: "bool | float | keras.Variable | Callable" = True,
        start_token: int = 1,
        end_token: int | None = None,
        pad_token: int = 0,
        encoder=None,
        decoder=None,
        **model_kwargs,
    ):
        super().__init__(**model_kwargs)
        checks.check_counts(units=units, depth=depth, embedding=embedding)
        checks.check_vocabularies(source_tokens, target_tokens)
        special = {"start_token": start_token, "end_token": end_token, "pad_token": pad_token}
        checks.check_tokens(target_tokens, **special)
        checks.check_mode(mode, attention)
        checks.check_parts(encoder, decoder)
        self.units, self.depth, self.embedding, self.mode = units, depth, embedding, mode
        self.source_tokens, self.target_tokens = source_tokens, target_tokens
        self.start_token, self.end_token, self.pad_token = start_token, end_token, pad_token
        self.bidirectional = bidirectional
        self.teacher_force = teacher_forcing.check(teacher_force, has_readout=True)
        self._prototype = prototype(cell, units)
        self._given = {"encoder": encoder, "decoder": decoder, "attention": attention}
        self.encoder = self.decoder = None
        if source_tokens and target_tokens:
            self._make(None, None)

    def build(self, input_shape):
        """Build the parts; those for vectors are made of the shapes of both sequences, in a list."""
        if self.encoder is None:
            source, *target = flat_shapes(input_shape)
            if not target and not self.target_tokens:
                raise ValueError(checks.unknown_target(source))
            self._make(source[-1], target[0][-1] if target else None)
        build_layers(self.decoder, self.reader)

    def _make(self, source_features, target_features):
        encoder, decoder, attention = (self._given[part] for part in ("encoder", "decoder", "attention"))
        sizes = {"tokens": self.source_tokens, "embedding": self.embedding, "features": source_features}
        counts = None
        if encoder is None:
            encoder, counts = make_encoder(
                self._prototype,
                depth=self.depth,
                bidirectional=self.bidirectional,
                pad_token=self.pad_token,
                **sizes,
            )
        memory, *last = checks.memory_of(encoder, **sizes)
        counts = counts or ([len(last)] if last else [])
        self._summary = sum(t.shape[-1] for t in self._top(last, counts))
        if decoder is None:
            attention = attention or AdditiveAttention(self.units)
            sizes |= {"tokens": self.target_tokens, "features": target_features}
            decoder = make_decoder(
                self._prototype,
                depth=self.depth,
                mode=self.mode,
                attention=attention,
                memory_size=memory.shape[-1],
                summary_size=self._summary or 1,
                teacher_force=self.teacher_force,
                **sizes,
            )
        self._counts, self.encoder, self.decoder = counts, encoder, decoder
        self._connect(memory, last)

    def _connect(self, memory, last):
        needed = states_to_bridge(self.decoder)
        self._bridged = list(needed) if last else []
        prefixes = list(dict.fromkeys(name.rpartition("/")[0] for name in needed))
        places = [prefixes.index(name.rpartition("/")[0]) for name in self._bridged]
        self.bridge = Bridge(
            self._counts, [needed[n].shape[-1] for n in self._bridged], places, name="bridge"
        )
        if last:
            self.bridge.build([(None, t.shape[-1]) for t in last])
        self.reader = make_reader(self.decoder)
        self._sees = reads_input(self.decoder)
        self._looks = self.decoder.description.constants is not None

    def _top(self, states, counts):
        # The first state of each direction of the last layer: what it returned last.
        if not counts:
            return []
        top = states[-counts[-1] :]
        return top[:: max(1, len(top) // (2 if self.bidirectional and len(top) > 1 else 1))]

    def encode(self, source, source_mask=None, training=None) -> dict:
        """What the decoder is called with: `memory`, `mask`, `states` by name, and `x`, what it sees.

        Args:
            source: tokens `(batch, time)`, or vectors `(batch, time, features)`.
            source_mask: for vectors, booleans `(batch, time)`.
            training: whether dropout is on.
        """
        if self.source_tokens:
            given = source = ops.cast(source, "int32")
            mask = ops.not_equal(source, self.pad_token)
        else:
            mask = ops.ones_like(source[:, :, 0], "bool") if source_mask is None else source_mask
            given = [source, ops.cast(mask, "bool")] if len(self.encoder.inputs) == 2 else source
        memory, *last = flat(self.encoder(given, training=training))
        states = dict(zip(self._bridged, self.bridge(last), strict=True)) if self._bridged else None
        top = self._top(last, self._counts)
        x = ops.concatenate(top, axis=-1) if top else ops.zeros_like(memory[:, 0, :1])
        return {"memory": memory, "mask": mask, "states": states, "x": x}

    def call(self, inputs, training=None, mask=None, output_length=None, source_mask=None):
        """The logits, or the vectors, of each timestep of the target."""
        source, target = inputs if isinstance(inputs, (list, tuple)) else (inputs, None)
        carried = flat(mask)[0] if mask is not None and flat(mask) else None
        seen = self.encode(source, carried if source_mask is None else source_mask, training)
        if target is None:
            length = output_length or shape_of(source)[1] or ops.shape(source)[1]
            return self.decoder(seen["x"], output_length=length, training=False, **self._decoding(seen))
        if self.target_tokens:
            target = ops.cast(target, "int32")
        if training and self.teacher_force is not True:
            length = shape_of(target)[1] or ops.shape(target)[1]
            truth = target if teacher_forcing.is_on(self.teacher_force) else None
            how = {"output_length": length, "ground_truth": truth, "training": training}
            return self.decoder(seen["x"], **how, **self._decoding(seen))
        return self._score(seen, target, training)

    def _decoding(self, seen) -> dict:
        given = {"initial_readout": self._start(seen)}
        if seen["states"] is not None:
            given["initial_state"] = seen["states"]
        if self._looks:
            given |= {"constants": seen["memory"], "constants_mask": seen["mask"]}
        return given

    def _start(self, seen):
        if not self.target_tokens:
            return None
        return ops.full_like(ops.cast(seen["x"][:, 0], "int32"), self.start_token)

    def _score(self, seen, target, training):
        # Each token is read one timestep late, behind the start token.
        start = self._start(seen)
        first = ops.zeros_like(target[:, :1]) if start is None else start[:, None]
        late = ops.concatenate([first, target[:, :-1]], axis=1)
        given = {} if seen["states"] is None else {"initial_state": seen["states"]}
        constants = [*([seen["memory"]] if self._looks else []), *([seen["x"]] if self._sees else [])]
        if constants:
            masks = [seen["mask"] if self._looks else None, None][: len(constants)]
            given |= {"constants": constants, "constants_mask": masks}
        return self.reader(late, training=training, **given)

    @with_options_of(generate, without=checks.FROM_THE_SOURCE)
    def generate(self, source, length: int, source_mask=None, **options) -> Generated:
        """What the decoder says to a source by itself.

        Args:
            source, source_mask: as in a call.
            length: the largest number of timesteps.
            **options: those of `rshop.generate`; the end token is that of the model where none is given.

        Returns:
            A `Generated`.

        Raises:
            TypeError, ValueError: as `rshop.generate`; an option that the source says, such as `constants`.
        """
        if not self.built:
            self.build([shape_of(source)])
        seen = self.encode(ops.convert_to_tensor(source), source_mask, training=False)
        given = self._decoding(seen)
        if self.target_tokens:
            own = {} if self._given["decoder"] else {"from_logits": True}
            given |= {"end_token": self.end_token, "pad_token": self.pad_token, **own}
        return generate(self.decoder, length, x=seen["x"], **{**given, **options})

    def get_config(self):
        """The options as plain JSON values."""
        serialize = keras.saving.serialize_keras_object
        names = (
            "units", "depth", "source_tokens", "target_tokens", "embedding", "mode", "bidirectional",
            "start_token", "end_token", "pad_token",
        )  # fmt: skip
        given = {k: None if part is None else serialize(part) for k, part in self._given.items()}
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            **given,
            "cell": copy.deepcopy(self._prototype),
            "teacher_force": teacher_forcing.serialize(self.teacher_force),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model that `get_config` described; the config is left as it is."""
        with reading(config, cls.__name__, "units", "cell"):
            config = copy.deepcopy(config)
            for part in ("encoder", "decoder", "attention"):
                if config.get(part) is not None:
                    config[part] = keras.saving.deserialize_keras_object(config[part], custom_objects)
            with keras.saving.custom_object_scope(custom_objects or {}):
                return cls(**config)
