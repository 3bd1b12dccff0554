"""Lesson 08, Measure exposure bias: its predictions, its exercises and their answers."""

import keras
import numpy as np
from keras import Input

from rshop import RecurrentModel

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction

register_prediction(
    "08.schedules",
    {
        "linear, epoch 9": 0.8,
        "linear, epoch 50": 0,
        "exponential, epoch 0": 1,
        "p = 0.25: of 1000 readouts, about how many are the truth": 250,
    },
)
register_prediction(
    "08.sigmoid",
    {"inverse sigmoid with k = 8, epoch 0, two decimals": 0.89},
    atol=0.006,  # more decimals than these two are right too
)
register_prediction(
    "08.race",
    {
        "at timestep 0 the taught networks err the same with the truth and alone": "yes",
        "at the last timestep the taught networks err more alone than with the truth": "yes",
        "with the truth handed over, who errs less: taught or linear": "taught",
        "with a memory of its own, the taught network falls apart too": "no",
    },
)
register_prediction(
    "08.coin",
    {
        "p = 1": 1,
        "p = 0.5": 0.75,
        "p = 0": 0.5,
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def exponential_decay(epoch, last, end):
    """The probability of the truth: 1 at epoch 0, `end` at epoch `last`, times the same factor each epoch."""
    return end ** (epoch / last)


def move_each_update(p, schedule):
    """A Keras callback: before update 0, 1, 2, ... of the whole training, p becomes schedule(update)."""

    class Move(keras.callbacks.Callback):
        updates = 0

        def on_train_batch_begin(self, batch, logs=None):
            p.assign(schedule(self.updates))
            self.updates += 1

    return Move()


def reach(outputs, truth, limit):
    """How many timesteps pass before the first error above limit: two (batch, time, 1) -> (batch,)."""
    too_far = np.abs(outputs - truth)[:, :, 0] > limit
    return np.where(too_far.any(axis=1), too_far.argmax(axis=1), too_far.shape[1])


def second_letter(joint, p):
    """What scheduled sampling learns: (first, second) probabilities -> a row for each letter that is read."""
    after_the_truth = joint / joint.sum(axis=1, keepdims=True)
    return p * after_the_truth + (1 - p) * joint.sum(axis=0)


def free_error(layer, x, truth):
    """The RMSE of each timestep of a free run: two arrays (batch, time, 1) -> (time,)."""
    outputs = np.asarray(layer(x))
    return np.sqrt(np.mean((outputs - truth) ** 2, axis=(0, 2)))


# Plausible wrong answers.


def a_straight_line(epoch, last, end):
    return 1 - (1 - end) * epoch / last


def too_soon(epoch, last, end):
    return end**epoch


def ends_one_late(epoch, last, end):
    return end ** (epoch / (last + 1))


def starts_again_each_epoch(p, schedule):
    class Move(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            p.assign(schedule(batch))

    return Move()


def once_an_epoch(p, schedule):
    class Move(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            p.assign(schedule(epoch))

    return Move()


def makes_another_variable(p, schedule):
    class Move(keras.callbacks.Callback):
        updates = 0

        def on_train_batch_begin(self, batch, logs=None):
            self.p = keras.Variable(schedule(self.updates))
            self.updates += 1

    return Move()


def one_update_late(p, schedule):
    class Move(keras.callbacks.Callback):
        updates = 0

        def on_train_batch_end(self, batch, logs=None):
            self.updates += 1
            p.assign(schedule(self.updates - 1))

    return Move()


def all_good_timesteps(outputs, truth, limit):
    return (np.abs(outputs - truth)[:, :, 0] <= limit).sum(axis=1)


def never_is_zero(outputs, truth, limit):
    return (np.abs(outputs - truth)[:, :, 0] > limit).argmax(axis=1)


def too_high_only(outputs, truth, limit):
    return reach(np.maximum(outputs, truth), truth, limit)


def the_coin_the_other_way(joint, p):
    return second_letter(joint, 1 - p)


def only_what_follows(joint, p):
    return joint / joint.sum(axis=1, keepdims=True)


def mixed_with_the_first(joint, p):
    after_the_truth = joint / joint.sum(axis=1, keepdims=True)
    return p * after_the_truth + (1 - p) * joint.sum(axis=1, keepdims=True)


def still_with_the_truth(layer, x, truth):
    outputs = np.asarray(layer(x, ground_truth=truth, training=True))
    return np.sqrt(np.mean((outputs - truth) ** 2, axis=(0, 2)))


def one_number_for_all(layer, x, truth):
    return np.sqrt(np.mean((np.asarray(layer(x)) - truth) ** 2))


def without_the_root(layer, x, truth):
    return np.mean((np.asarray(layer(x)) - truth) ** 2, axis=(0, 2))


# Checks: properties that every right answer has, on random numbers.


def check_exponential_decay(decay):
    """1 at the start, the given end, and the same factor between neighbours."""
    for last, end in [(10, 0.01), (7, 0.5), (30, 0.2)]:
        values = np.array([float(decay(epoch, last, end)) for epoch in range(last + 1)])
        expect(np.isclose(values[0], 1, atol=1e-5), f"At epoch 0 the probability is {values[0]:.3f}.")
        words = f"With last={last} and end={end} the probability at epoch {last}"
        expect(np.isclose(values[-1], end, atol=1e-5), f"{words} is {values[-1]:.3f}.")
        factors = values[1:] / values[:-1]
        expect(np.allclose(factors, factors[0], atol=1e-4), "From epoch to epoch the factor changes.")


def check_move_each_update(make):
    """In a real fit over several epochs, every update sees its own p."""
    for epochs, batches in [(3, 4), (2, 1)]:
        p, seen = keras.Variable(0.123, trainable=False), []

        def schedule(update):
            return 0.9 ** (update + 1)

        class Look(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None, p=p, seen=seen):
                seen.append(float(p))

        callback = make(p, schedule)
        kind = type(callback).__name__
        expect(isinstance(callback, keras.callbacks.Callback), f"It returns a {kind}, not a Keras callback.")
        model = keras.Sequential([Input((1,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        x = np.ones((2 * batches, 1))
        # Look stands first: it sees what the update saw, whatever the callback does afterwards.
        model.fit(x, x, batch_size=2, epochs=epochs, verbose=0, callbacks=[Look(), callback])
        right = [schedule(update) for update in range(epochs * batches)]
        wrong = [
            i for i, (a, b) in enumerate(zip(seen, right, strict=True)) if not np.isclose(a, b, atol=1e-4)
        ]
        place = f"update {wrong[0]} of {epochs} epochs with {batches} updates each" if wrong else ""
        expect(not wrong, f"The probability is wrong in {place}.")


def check_reach(count):
    """First errors anywhere, on both sides, and none at all."""
    draw = np.random.default_rng(8)
    for time, limit in [(6, 1.0), (9, 0.3)]:
        truth = draw.normal(size=(12, time, 1))
        error = draw.uniform(-0.9, 0.9, size=truth.shape) * limit
        first = np.resize([0, 1, time - 1, time, 2, time], 12)
        for row, place in enumerate(first):
            if place < time:
                error[row, place] = 2 * limit * (-1) ** row
                error[row, place + 2 :: 3] = 1.5 * limit
        found = np.asarray(count(truth + error, truth, limit))
        expect(found.shape == (12,), f"For 12 samples the answer has the shape {found.shape}.")
        for row, place in enumerate(first):
            words = f"is first wrong at timestep {place}" if place < time else "is never wrong"
            expect(found[row] == place, f"It is not right about a sample of {time} timesteps that {words}.")


def check_second_letter(learn):
    """The true rows with p = 1, the same row for all with p = 0, and what is drawn between."""
    draw = np.random.default_rng(9)
    for shape in [(2, 2), (3, 4)]:
        joint = draw.uniform(0.1, 1, size=shape)
        joint /= joint.sum()
        for p in (1.0, 0.0, 0.4):
            rows = np.asarray(learn(joint.copy(), p))
            expect(
                rows.shape == shape, f"For probabilities of shape {shape} it gives the shape {rows.shape}."
            )
            expect(
                np.allclose(rows.sum(axis=1), 1, atol=1e-5), f"With p = {p} some row does not add up to 1."
            )
            right = np.allclose(rows, _counted(joint, p, draw), atol=0.03)
            expect(right, f"With p = {p} the rows are not what such a training shows the network.")


def _counted(joint, p, draw, count=200_000):
    # Play the training: draw texts, hand over the true first letter or one of the network's own, count.
    first, second = np.unravel_index(draw.choice(joint.size, size=count, p=joint.ravel()), joint.shape)
    own = draw.choice(len(joint), size=count, p=joint.sum(axis=1))
    read = np.where(draw.random(count) < p, first, own)
    counts = np.zeros(joint.shape)
    np.add.at(counts, (read, second), 1)
    return counts / counts.sum(axis=1, keepdims=True)


def check_free_error(measure):
    """On the layer y = x + readout a free run is a running sum; its error is known."""
    x_t, readout = Input((1,), name="x"), Input((1,), name="readout")
    layer = RecurrentModel(
        x_t, x_t + readout, readout_input=readout, teacher_force=True, return_sequences=True
    )
    draw = np.random.default_rng(10)
    x, truth = (draw.normal(size=(4, 6, 1)).astype("float32") for _ in range(2))
    found = np.asarray(measure(layer, x, truth))
    expect(found.shape == (6,), f"For 6 timesteps the answer has the shape {found.shape}.")
    alone = np.sqrt(np.mean((np.cumsum(x, axis=1) - truth) ** 2, axis=(0, 2)))
    agrees = np.isclose(found, alone, atol=1e-4)
    expect(agrees.all(), f"The error of timestep {int(np.argmin(agrees))} is not that of a free run.")


register_exercise(
    "08.decay",
    exponential_decay,
    check_exponential_decay,
    hints=[
        "The same factor each epoch: after n epochs that is factor ** n.",
        "Which factor gives `end` after `last` epochs? A root of it: end ** (1 / last).",
    ],
    wrong=[a_straight_line, too_soon, ends_one_late],
)
register_exercise(
    "08.callback",
    move_each_update,
    check_move_each_update,
    hints=[
        "Keras calls on_train_batch_begin(self, batch, logs=None) before each update.",
        "`batch` starts at 0 again in each epoch. Who counts the updates of the whole training?",
        "Count in the callback itself, and write into the variable with p.assign(...).",
    ],
    wrong=[starts_again_each_epoch, once_an_epoch, makes_another_variable, one_update_late],
)
register_exercise(
    "08.reach",
    reach,
    check_reach,
    hints=[
        "First make an array of True and False: is the error, without its sign, above the limit?",
        "argmax of True and False gives the place of the first True. And if there is none?",
        "any(axis=1) says whether there is one; np.where chooses for each sample.",
    ],
    wrong=[all_good_timesteps, never_is_zero, too_high_only],
)
register_exercise(
    "08.letters",
    second_letter,
    check_second_letter,
    hints=[
        "Two cases: the letter that is read is the true first letter, or one that the network drew itself.",
        "Case 1: the second letter follows the row of the first one; a row must add up to 1.",
        "Case 2: what is read says nothing about this text. How often does each second letter come at all?",
    ],
    wrong=[the_coin_the_other_way, only_what_follows, mixed_with_the_first],
)
register_exercise(
    "08.bug",
    free_error,
    check_free_error,
    hints=[
        "What does each timestep of the colleague's run read as its readout?",
        "Which arguments of the call make a run a forced one? Leave them out.",
        "The mean goes over samples and the last axis, not over time; then comes the root.",
    ],
    wrong=[still_with_the_truth, one_number_for_all, without_the_root],
)
