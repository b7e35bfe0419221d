"""Training, loading and applying tokenizers."""

from curate.tokenize.load import LoadTokenizer
from curate.tokenize.train import TrainTokenizer

__all__ = ["LoadTokenizer", "TrainTokenizer"]
