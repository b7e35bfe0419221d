"""Compiled loops over Arrow buffers (numba, without the interpreter lock); no Python object per document."""
