"""What identifies a trained tokenizer: its merges."""

import hashlib
import json
from typing import Any


def digest(tokenizer: Any) -> str:
    """Of the merges in their order, as the library tokenizers saves them."""
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    return hashlib.sha256(json.dumps(merges).encode()).hexdigest()[:16]
