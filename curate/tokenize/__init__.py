"""Training, loading and applying tokenizers."""
