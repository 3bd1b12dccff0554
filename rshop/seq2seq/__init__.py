"""Ready models for sequences, series and texts, of any cells, trained and used with one call each.

`pairs` gives a sequence for a sequence, `series` forecasts numbers, `text` is language models; beside them
lies what they share.

May import: backend, step, attention, cells, layers, generation, training.
"""

from rshop.seq2seq.pairs.encoder_decoder import EncoderDecoder
from rshop.seq2seq.series.forecaster import Forecaster
from rshop.seq2seq.text.characters import CharacterTokenizer
from rshop.seq2seq.text.language_model import LanguageModel

__all__ = ["CharacterTokenizer", "EncoderDecoder", "Forecaster", "LanguageModel"]
