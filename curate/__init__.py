"""curate turns web crawls and reference corpora into pretraining tokens."""
