"""Generation by hand with torch: `nn.LSTMCell` in a Python loop, run eagerly."""

import math

from benchmarks import environment

from .tasks import END, Found, Start, Task


class TorchLoop:
    """A loop over tokens: greedy, or a beam search.

    Torch is imported here, so that the benchmark runs without it.

    Example:
        >>> TorchLoop(TASKS["beam"], start(TASKS["beam"])).run().scores.shape
        (32, 5)
    """

    def __init__(self, task: Task, given: Start):
        import torch

        torch.set_num_threads(environment.threads())
        self.torch, self.length, self._task = torch, task.length, task
        embeddings, kernel, recurrent, bias, *last = map(torch.from_numpy, given.weights)
        self._embeddings, (self._kernel, self._bias, *self._join) = embeddings, last
        self._memory = None if given.memory is None else torch.from_numpy(given.memory)
        self._cell = torch.nn.LSTMCell(task.embedding, task.units)
        values = {
            "weight_ih": kernel.T,
            "weight_hh": recurrent.T,
            "bias_ih": bias,
            "bias_hh": torch.zeros_like(bias),
        }
        self._cell.load_state_dict(values)
        self._first = torch.from_numpy(given.first).long()
        self._states = [torch.from_numpy(value) for value in given.states]

    def run(self) -> Found:
        """Generate once."""
        with self.torch.inference_mode():
            tokens, scores = self._greedy() if self._task.width == 1 else self._beams()
            return Found(tokens.numpy(), scores.numpy())

    def _step(self, tokens, states):
        states = self._cell(self._embeddings[tokens], states)
        y = states[0] if self._memory is None else self._joined(states[0])
        logits = self.torch.addmm(self._bias, y, self._kernel)
        return self.torch.log_softmax(logits, -1), states

    def _joined(self, y):
        # The beams of a sample read one memory, `(batch, places, units)`.
        query = y.reshape(len(self._memory), -1, y.shape[-1])
        weights = self.torch.softmax(query @ self._memory.mT, -1)
        context = (weights @ self._memory).reshape(y.shape)
        return self.torch.tanh(self.torch.cat([context, y], -1) @ self._join[0])

    def _greedy(self):
        tokens, states, score, said = self._first, self._states, 0.0, []
        for _ in range(self.length):
            log_p, states = self._step(tokens, states)
            best, tokens = log_p.max(-1)
            score = score + best
            said.append(tokens)
        return self.torch.stack(said, 1), score[:, None]

    def _beams(self):
        torch, width, vocabulary = self.torch, self._task.width, self._task.tokens
        batch = len(self._first)
        tokens, *states = (v.repeat_interleave(width, 0) for v in (self._first, *self._states))
        score = torch.full((batch, width), -math.inf, dtype=torch.float64)
        score[:, 0] = 0.0
        stay = torch.full((vocabulary,), -math.inf, dtype=torch.float64)
        stay[END] = 0.0
        ended = torch.zeros((batch, width), dtype=torch.bool)
        said = torch.full((batch * width, self.length), END)
        offset = torch.arange(batch)[:, None] * width
        for t in range(self.length):
            log_p, states = self._step(tokens, states)
            log_p = log_p.double().reshape(batch, width, vocabulary)
            total = score[..., None] + torch.where(ended[..., None], stay, log_p)
            score, place = total.reshape(batch, -1).topk(width)
            token = place % vocabulary
            parent = (place // vocabulary + offset).reshape(-1)
            ended = ended.reshape(-1)[parent].reshape(batch, width) | (token == END)
            tokens = token.reshape(-1)
            states, said = [state[parent] for state in states], said[parent]
            said[:, t] = tokens
            if ended.all():
                break
        return said.reshape(batch, width, -1)[:, 0], score
