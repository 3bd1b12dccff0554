"""The benchmark of generation compares equal tokens and scores, and says what it found, never how long."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.support.of_benchmarks import module

by_keras = module("generation.by_keras")
main = module("__main__")
measure = module("generation.measure")
report = module("generation.report")
systems_torch = module("systems_torch")
tasks = module("generation.tasks")
timing = module("timing")
verdicts = module("verdicts")


@cache
def prepared(name):
    return measure.prepare(tasks.TASKS[name].tiny())


@pytest.mark.parametrize("name", tasks.TASKS)
def test_every_way_generates_the_tokens_and_scores_of_the_reference(name):
    made, differs = prepared(name)
    assert differs == {}
    assert {"while loop", "while loop jit", "rshop", "rshop jit"} <= set(made)
    assert ("predict loop" in made) == (name == "greedy")
    assert ("torch" in made) == systems_torch.installed()


def log_softmax(logits):
    return logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()


def stepped(given, sample, tokens):
    """The log-probabilities of the token after each of these, in NumPy and 64 bits."""
    embeddings, kernel, recurrent, bias, out, out_bias, *join = (w.astype("float64") for w in given.weights)
    h, c = (state[sample].astype("float64") for state in given.states)
    for token in tokens:
        i, f, g, o = np.split(embeddings[token] @ kernel + h @ recurrent + bias, 4)
        c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
        h = np.tanh(c) / (1 + np.exp(-o))
    y = h
    if join:
        memory = given.memory[sample].astype("float64")
        context = np.exp(log_softmax(memory @ h)) @ memory
        y = np.tanh(np.concatenate([context, h]) @ join[0])
    return log_softmax(y @ out + out_bias)


def searched(given, sample, length, width, end):
    """A beam search in NumPy: `(score, tokens)`, best first; without an end it goes on to the length."""
    beams = [(0.0, [tasks.FIRST])]
    for _ in range(length):
        following = []
        for score, tokens in beams:
            if len(tokens) > 1 and tokens[-1] == end:
                following.append((score, [*tokens, end]))
                continue
            log_p = stepped(given, sample, tokens)
            following += [(score + gain, [*tokens, token]) for token, gain in enumerate(log_p)]
        beams = sorted(following, key=lambda beam: -beam[0])[:width]
    return [(score, tokens[1:]) for score, tokens in beams]


@pytest.mark.parametrize("name", tasks.TASKS)
def test_the_reference_is_a_search_in_numpy(name):
    task = tasks.TASKS[name].tiny()
    found, given = prepared(name)[0]["while loop"].run(), tasks.start(task)
    for sample in range(task.batch):
        end = tasks.END if task.width > 1 else None
        wanted = searched(given, sample, task.length, task.width, end)
        assert found.tokens[sample].tolist() == wanted[0][1]
        np.testing.assert_allclose(found.scores[sample], [score for score, _ in wanted], rtol=1e-4)


def test_what_is_compared_is_no_single_token_for_ever_and_some_beams_end():
    """A sequence that repeats one token would be equal by chance."""
    greedy, beams = (prepared(name)[0]["while loop"].run().tokens.tolist() for name in ("greedy", "beam"))
    assert len(set(greedy[0])) > 2 and max(len(set(row)) for row in beams) > 2
    assert {row[-1] == tasks.END for row in beams} == {True, False}


def test_the_tasks_are_those_that_were_asked_for():
    greedy, beam = tasks.TASKS["greedy"], tasks.TASKS["beam"]
    assert (greedy.length, greedy.units, greedy.batch, greedy.width) == (1000, 256, 1, 1)
    assert (beam.length, beam.batch, beam.width) == (50, 32, 5)
    assert tasks.TASKS["attending"] == replace(
        beam, name="attending", title="the same, attending over 50", places=50
    )
    assert tasks.chosen([], quick=True) == []
    assert [task.name for task in tasks.chosen([], quick=False)] == ["greedy", "beam", "attending"]
    assert [task.name for task in tasks.chosen(["lstm_small", "beam"], quick=True)] == ["beam"]


class Wrong:
    """The reference, one token or one score off."""

    def __init__(self, task, given, token=0, score=1.0):
        self.way, self.length = measure.WhileLoop(task, given), task.length
        self.token, self.score = token, score

    def run(self):
        found = self.way.run()
        tokens = found.tokens.copy()
        tokens[-1, 3] += self.token
        return tasks.Found(tokens, self.score * found.scores)


@pytest.mark.parametrize(
    "options, why",
    [
        ({"token": 1}, "tokens differ from place 3 on, in 1 of 3 sequences"),
        ({"score": 1.01}, "scores differ by 1.0e-02 of themselves"),
    ],
)
def test_a_way_that_generates_something_else_is_not_timed(options, why):
    ways = {"while loop": measure.WhileLoop, "rshop": lambda *given: Wrong(*given, **options)}
    made, differs = measure.prepare(replace(tasks.TASKS["greedy"].tiny(), batch=3), ways)
    assert list(made) == ["while loop"]
    assert differs["rshop"].startswith(why)


def fixed_row():
    times = {"rshop": 10.0, "rshop jit": 3.0, "predict loop": 200.0, "while loop": 8.0, "while loop jit": 2.0}
    times = {n: {"median": m, "low": 0.9 * m, "high": 1.1 * m, "calls": 9} for n, m in times.items()}
    sizes = {"length": 1000}
    differs = {"torch": "scores of shape (1, 2), expected (1, 1)"}
    row = {"title": "1,000 characters, greedy", "sizes": sizes, "differs": differs, "times": times}
    return {**row, "scaled": {"predict loop": 20}}


def test_the_tables_of_known_results_and_their_bars():
    results = {"generation": {"greedy": fixed_row()}, "workloads": {}, "processes": {}}
    lines = [" ".join(line.split()) for line in report.screen(results).splitlines()]
    assert "1,000 characters, greedy 10.0 3.0 200.0 (0.05) 8.0 (1.25) 2.0 (1.50)" in lines
    assert (
        "1,000 characters, greedy, predict loop: 20 tokens were timed, and the time scaled to 1000." in lines
    )
    assert "DIFFERS: 1,000 characters, greedy, torch: scores of shape (1, 2), expected (1, 1)" in lines
    row = "| 1,000 characters, greedy | 10.0 | 3.0 | 200.0 (0.05) | 8.0 (1.25) | 2.0 (1.50) | DIFFERS |"
    assert row in report.markdown(results).splitlines()
    others = "predict loop 200.0 (0.05), while loop 8.0 (1.25), while loop jit 2.0 (1.50)"
    assert report.line(fixed_row()) == f"rshop 10.0 ms, rshop jit 3.0 ms; {others}"
    bars = {v.name: v.word for v in verdicts.all_bars(results)}
    assert bars["1,000 characters, rshop / a loop over predict"] == "holds"
    assert bars["1,000 characters, rshop / tf.while_loop by hand"] == "within noise"
    assert bars["1,000 characters, both compiled by XLA"] == "OVER"
    assert bars["beam search, rshop / tf.while_loop by hand"] == "not measured"
    assert report.screen({"workloads": {}}) == report.markdown({}) == ""


def test_a_run_of_one_task_writes_its_files(tmp_path, monkeypatch, capsys):
    """The whole command for a tiny task; what is timed for fewer tokens is scaled."""
    monkeypatch.setattr(tasks, "chosen", lambda names, quick: [tasks.TASKS["greedy"].tiny()])
    monkeypatch.setattr(by_keras, "PREDICTED", 4)
    monkeypatch.setattr(timing, "WARM_SECONDS", 0.1)
    paths = {name: tmp_path / f"file.{name}" for name in ("json", "markdown", "plot")}
    options = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    assert main.main(["--quick", "--repeats", "1", "--only", "greedy", *options]) == 0
    row = json.loads(paths["json"].read_text())["generation"]["greedy"]
    assert {"rshop", "rshop jit", "while loop", "while loop jit", "predict loop"} <= set(row["times"])
    assert row["scaled"] == {"predict loop": 4} and row["differs"] == {}
    printed = capsys.readouterr().out
    assert "1,000 characters, greedy: rshop " in printed
    assert "| 1,000 characters, greedy |" in paths["markdown"].read_text()
