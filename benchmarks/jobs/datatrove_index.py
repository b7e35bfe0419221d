"""The benchmark n-grams that datatrove's decontamination filter reads, made as its indexer makes them.

The indexer itself runs only with lighteval, whose tasks it downloads.
"""

import json
from pathlib import Path

import numpy as np
from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter
from datatrove.utils.text import ngrams, simplify_text

_ITEMS = 2000  # it looks n-grams up in a dict, whose size hardly matters, and words are split slowly


def decontamination(inputs: Path, folder: Path) -> NGramsDecontFilter:
    """The filter with its index of 13-grams, written into an empty folder."""
    config = NGramsDecontConfig(n_grams=13)
    decontaminate = NGramsDecontFilter(str(folder), config=config)
    hashes: set[int] = set()
    with (inputs / "items.jsonl").open(encoding="utf-8") as file:
        for _, line in zip(range(_ITEMS), file, strict=False):
            text = simplify_text(json.loads(line)["question"], config.norm_config)
            words = decontaminate.tokenizer.word_tokenize(text)
            hashes.update(decontaminate.hash_func(" ".join(ngram)) for ngram in ngrams(words, config.n_grams))
    np.array(sorted(hashes), config.hash_config.np_descr).tofile(folder / "items.index.hashes")
    return decontaminate
