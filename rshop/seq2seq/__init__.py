"""Ready models for sequences, series and texts, of any cells, trained and used with one call each.

May import: backend, step, attention, cells, layers, generation, training.
"""

from rshop.seq2seq.characters import CharacterTokenizer
from rshop.seq2seq.encoder_decoder import EncoderDecoder
from rshop.seq2seq.forecaster import Forecaster
from rshop.seq2seq.language_model import LanguageModel

__all__ = ["CharacterTokenizer", "EncoderDecoder", "Forecaster", "LanguageModel"]
