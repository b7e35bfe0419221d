"""Numba decorators: for the loops that Python calls, and for the functions that only loops call."""

from __future__ import annotations

from functools import partial

from numba import njit
from numba.extending import register_jitable

#: `njit` without reference counts. Numba counts references to every array that one compiled function hands to another,
#: by atomic instructions; in kernels of many small functions they took more than half of the time. Such a function
#: cannot make arrays, and its caller must hold those it passes.
bare_njit = partial(njit, cache=True, nogil=True, _nrt=False)

#: The same for a function that only compiled ones call. It has no wrappers by which Python would call compiled code, so
#: that all of curate compiles in a quarter less time. Called from Python it runs uncompiled, with Python's integers.
inner_njit = register_jitable(cache=True, nogil=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)

#: The same for a function that is called in one place or two, and whose arguments are many arrays: each of them is
#: seven numbers, and to hand them over took as long as what was done with them.
inlined_njit = register_jitable(
    cache=True, nogil=True, _nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True
)
