"""A numba decorator for functions that only read and write arrays they are given."""

from __future__ import annotations

from functools import partial

from numba import njit

#: `njit` without reference counts. Numba counts references to every array that one compiled function hands to another,
#: by atomic instructions; in kernels of many small functions they took more than half of the time. Such a function
#: cannot make arrays, and its caller must hold those it passes.
bare_njit = partial(njit, cache=True, nogil=True, _nrt=False)
