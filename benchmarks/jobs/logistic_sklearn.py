"""scikit-learn's HashingVectorizer and `predict_proba`, in batches, with its own tokenisation."""

from pathlib import Path

import numpy as np
from measure import Work, measure
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression

_BATCH_TEXTS = 2000


def prepare(texts: list[str], inputs: Path) -> Work:
    """Learn from a few texts whether they are long (what is learnt does not matter), then score all."""
    vectorizer = HashingVectorizer(n_features=1 << 18, alternate_sign=False)
    few = texts[:50]
    sizes = np.array([len(text) for text in few])
    model = LogisticRegression().fit(vectorizer.transform(few), sizes > np.median(sizes))

    def work() -> int:
        good = 0
        for at in range(0, len(texts), _BATCH_TEXTS):
            features = vectorizer.transform(texts[at : at + _BATCH_TEXTS])
            good += int((model.predict_proba(features)[:, 1] > 0.5).sum())
        return good

    return work


measure(prepare, ["scikit-learn"])
