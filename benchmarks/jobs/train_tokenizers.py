"""BPE training by the library tokenizers, in one thread."""

import os
from pathlib import Path

os.environ["RAYON_NUM_THREADS"] = "1"

from measure import Work, measure
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from train_vocabulary import digest


def prepare(texts: list[str], inputs: Path) -> Work:
    """Settings that give the same merges as curate's."""

    def work() -> Tokenizer:
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=50_256, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
        )
        tokenizer.train_from_iterator(texts, trainer)
        return tokenizer

    return work


measure(prepare, ["tokenizers"], digest)
