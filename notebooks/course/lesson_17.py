"""Lesson 17, Translate dates from many languages: its predictions, its exercises and their answers."""

import datetime

import numpy as np

from .exercises import register_exercise
from .outcome import expect, kind_of
from .predictions import register_prediction

register_prediction(
    "17.forms",
    {
        "characters of an ISO date, without the end": 10,
        "shape of the weights of attention in a trace: one text of 28 characters, 11 tokens": (1, 11, 28),
        "9 of 10 characters right in each of 100 dates: the token accuracy, without the end": 0.9,
        "the same 100 dates: the sequence accuracy": 0,
    },
)
register_prediction(
    "17.languages",
    {
        "Portuguese, never seen: most, half or few dates right": "most",
        "Finnish, never seen: most, half or few dates right": "few",
        "Finnish: the years alone, most, half or few right": "most",
        "beam search, width 4, against greedy: more, fewer or as many dates right": "as many",
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def to_numbers(texts, alphabet, length):
    """Texts as whole numbers (texts, length): 1 for the first character of the alphabet, 2 for the next one,
    and so on; 0 fills up after the end of a text."""
    return np.array([[alphabet.index(c) + 1 for c in text] + [0] * (length - len(text)) for text in texts])


def accuracies(said, truth):
    """Token accuracy and sequence accuracy of said and truth, whole numbers (batch, time).

    The first is the share of all tokens of the batch together, the second that of whole sequences. Padding,
    0 in the truth, counts in neither.
    """
    there = truth != 0
    right = said == truth
    return right[there].mean(), (right | ~there).all(axis=1).mean()


def is_date(text):
    """Whether a text is a date of the calendar in the form 2031-04-27: True or False."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def words_looked_at(weights, text):
    """For each timestep the word of the text that gets the most weight: weights (time, characters) -> list.

    Words are what `text.split(" ")` gives; a space belongs to no word.
    """
    word_of = np.cumsum([c == " " for c in text])
    blank = np.array([c == " " for c in text])
    words = text.split(" ")
    shares = [weights[:, : len(text)][:, (word_of == n) & ~blank].sum(axis=1) for n in range(len(words))]
    return [words[n] for n in np.argmax(shares, axis=0)]


def split_days(dates, share, seed):
    """(date, language) pairs in two lists, for training and held out, so that no date is in both.

    `round(share * number of different dates)` dates are held out, chosen at random by the seed.
    """
    days = sorted({date for date, _ in dates})
    chosen = np.random.default_rng(seed).permutation(len(days))[: round(share * len(days))]
    out = {days[i] for i in chosen}
    return [pair for pair in dates if pair[0] not in out], [pair for pair in dates if pair[0] in out]


# Plausible wrong answers.


def filled_in_front(texts, alphabet, length):
    return np.array([[0] * (length - len(text)) + [alphabet.index(c) + 1 for c in text] for text in texts])


def from_zero_on(texts, alphabet, length):
    return np.array([[alphabet.index(c) for c in text] + [0] * (length - len(text)) for text in texts])


def from_three_on(texts, alphabet, length):
    return np.array([[alphabet.index(c) + 3 for c in text] + [0] * (length - len(text)) for text in texts])


def padding_counts(said, truth):
    right = said == truth
    return right.mean(), right.all(axis=1).mean()


def any_right(said, truth):
    there = truth != 0
    right = said == truth
    return right[there].mean(), (right & there).any(axis=1).mean()


def token_accuracy_twice(said, truth):
    share = (said == truth)[truth != 0].mean()
    return share, share


def has_the_form(text):
    return len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdigit()


def any_number_of_days(text):
    return has_the_form(text) and 1 <= int(text[5:7]) <= 12 and 1 <= int(text[8:]) <= 31


def of_any_iso_form(text):
    try:
        datetime.date.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        return False
    return True


def three_numbers(text):
    try:
        return len(text) == 10 and bool(datetime.date(*map(int, text.split("-"))))
    except (TypeError, ValueError):
        return False


def by_the_brightest_character(weights, text):
    word_of = np.cumsum([c == " " for c in text])
    return [text.split(" ")[word_of[place]] for place in weights[:, : len(text)].argmax(axis=1)]


def by_the_mean(weights, text):
    words, shares, start = text.split(" "), [], 0
    for word in words:
        shares.append(weights[:, start : start + len(word)].mean(axis=1))
        start += len(word) + 1
    return [words[n] for n in np.argmax(shares, axis=0)]


def always_the_longest(weights, text):
    return [max(text.split(" "), key=len)] * len(weights)


def pairs_shuffled(dates, share, seed):
    order = np.random.default_rng(seed).permutation(len(dates))
    cut = round(share * len(dates))
    return [dates[i] for i in order[cut:]], [dates[i] for i in order[:cut]]


def a_choice_of_chance(dates, share, seed):
    return split_days(dates, share, None)


def the_same_days_each_time(dates, share, seed):
    return split_days(dates, share, 0)


def the_other_way_round(dates, share, seed):
    return split_days(dates, share, seed)[::-1]


# Checks: properties that every right answer has.


def check_to_numbers(answer):
    """Each character its number, zeros behind."""
    for texts, alphabet, length in [(["ba", "", "abc"], ["a", "b", "c"], 4), (["1.", "."], [".", "1"], 2)]:
        numbers = np.asarray(answer(list(texts), list(alphabet), length))
        shape = (len(texts), length)
        expect(numbers.shape == shape, f"For {len(texts)} texts and length {length}: {numbers.shape}.")
        for row, text in zip(numbers, texts, strict=True):
            expect((row[len(text) :] == 0).all(), f"After the end of {text!r} stands something else than 0.")
            size, most = len(alphabet), max(row, default=0)
            expect(
                most <= size, f"For {text!r} there is a number {most:g}; the alphabet has {size} characters."
            )
            back = "".join(alphabet[int(n) - 1] for n in row[: len(text)])
            expect(0 not in row[: len(text)] and back == text, f"The numbers of {text!r} say {back!r}.")


def check_accuracies(answer):
    """By hand, with and without padding."""
    truth = np.array([[4, 5, 2, 0], [4, 2, 0, 0], [6, 6, 6, 2]])
    said = np.array([[4, 5, 2, 9], [4, 2, 0, 0], [6, 6, 7, 2]])
    for rows in ([0, 1, 2], [0, 2], [2]):
        found = answer(said[rows], truth[rows])
        expect(np.shape(found) == (2,), f"It returns {kind_of(found)}, not two numbers.")
        lengths = np.array([3, 2, 4])[rows]
        right = np.array([3, 2, 3])[rows]
        tokens, whole = right.sum() / lengths.sum(), (right == lengths).mean()
        told = f"Of {lengths.sum()} tokens {right.sum()} are right: {tokens:.3f}, not {float(found[0]):.3f}."
        expect(np.isclose(found[0], tokens), told)
        told = f"Of {len(rows)} sequences {(right == lengths).sum()} are right, not {float(found[1]):.0%}."
        expect(np.isclose(found[1], whole), told)


def check_is_date(answer):
    """Dates, near dates, and other texts."""
    for text, there in [
        ("2031-04-27", True),
        ("2031-04-31", False),
        ("2031-00-10", False),
        ("2028-02-29", True),
        ("2031-02-29", False),
        ("2031-4-27", False),
        ("2031/04/27", False),
        ("20310427", False),
        ("", False),
        ("2031-04-2", False),
        ("2031-W05-1", False),
        ("2031-004-7", False),
        ("2031- 4-27", False),
    ]:
        found = answer(text)
        expect(isinstance(found, (bool, np.bool_)), f"It returns {kind_of(found)}, not True or False.")
        expect(bool(found) == there, f"It is wrong about {text!r}.")


def check_words_looked_at(answer):
    """The weights of a word are added up; places after the text are left out."""
    text = "27 april 2031"
    weights = np.zeros((4, 15))
    weights[0, :2] = 0.5
    weights[1, 3:8], weights[1, 0] = 0.12, 0.4
    weights[2, 9:13], weights[2, 2] = 0.15, 0.4
    weights[3, 14], weights[3, 4] = 0.9, 0.1
    found = answer(weights, text)
    right = ["27", "april", "2031", "april"]
    expect(len(found) == 4, f"For four timesteps it returns {len(found)} words.")
    for t, (said, word) in enumerate(zip(found, right, strict=True)):
        expect(said == word, f"At timestep {t} it says {said!r}.")


def check_split_days(answer):
    """No date on both sides, every pair on one, another seed another choice."""
    first = datetime.date(2031, 1, 1)
    pairs = [(first + datetime.timedelta(days=n), name) for n in range(40) for name in ("de", "fr", "pl")]
    held = []
    for seed in (1, 2):
        training, out = (list(part) for part in answer(list(pairs), 0.25, seed))
        again = list(answer(list(pairs), 0.25, seed)[1])
        expect(sorted(out) == sorted(again), "The same seed holds out other dates when it is called again.")
        expect(sorted(training + out) == sorted(pairs), "Not every pair is on one side, once.")
        common = {date for date, _ in training} & {date for date, _ in out}
        expect(not common, "The same date is in training in one language, and held out in another.")
        expect(len(out) == 30, f"Of 120 pairs it holds out {len(out)}.")
        held.append({date for date, _ in out})
    expect(held[0] != held[1], "Another seed holds out the same dates.")


register_exercise(
    "17.numbers",
    to_numbers,
    check_to_numbers,
    hints=[
        "alphabet.index(c) is the place of a character, from 0 on. 0 is taken: it is padding.",
        "A list of numbers, and after it [0] * (length - len(text)).",
    ],
    wrong=[filled_in_front, from_zero_on, from_three_on],
)
register_exercise(
    "17.accuracies",
    accuracies,
    check_accuracies,
    hints=[
        "truth != 0 says where there is something to say at all.",
        "A sequence is right where each token is right or padding: all over axis 1.",
    ],
    wrong=[padding_counts, any_right, token_accuracy_twice],
)
register_exercise(
    "17.date",
    is_date,
    check_is_date,
    hints=[
        "Let the calendar decide: datetime.date.fromisoformat stops with a ValueError where "
        "there is no such day (try and except).",
        "It reads other forms too, such as 20310427. Write the date down again, and compare.",
    ],
    wrong=[has_the_form, any_number_of_days, of_any_iso_form, three_numbers],
)
register_exercise(
    "17.words",
    words_looked_at,
    check_words_looked_at,
    hints=[
        "Which word does each character belong to? Count the blanks in front of it: np.cumsum.",
        "Add up the weights of the characters of each word. Blanks count for no word.",
        "There may be more columns than characters: padding. Take weights[:, : len(text)].",
    ],
    wrong=[by_the_brightest_character, by_the_mean, always_the_longest],
)
register_exercise(
    "17.bug",
    split_days,
    check_split_days,
    hints=[
        "Is 27 April 2031 in German in training, and in French held out? What has the network seen then?",
        "Choose among the different dates, not among the pairs: {date for date, _ in dates}.",
    ],
    wrong=[pairs_shuffled, the_same_days_each_time, the_other_way_round, a_choice_of_chance],
)
