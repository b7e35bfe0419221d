"""Numba decorators: for the loops that Python calls, and for the functions that only loops call."""

from __future__ import annotations

from functools import partial

from numba import njit
from numba.extending import register_jitable

from curate.kernels.inner_compiler import InnerCompiler

#: `njit` without reference counts. Numba counts references to every array that one compiled function hands to another,
#: by atomic instructions; in kernels of many small functions they took more than half of the time. Such a function
#: cannot make arrays, and its caller must hold those it passes.
bare_njit = partial(njit, cache=True, nogil=True, _nrt=False)

#: The same for a function that only compiled ones call: see `InnerCompiler`. Called from Python it runs uncompiled, on
#: Python's integers. (The options are those of `bare_njit`, since numba compiles a function once more for callers of
#: other options; the wrapper by which Python would call it is not made.)
inner_njit = register_jitable(pipeline_class=InnerCompiler, nogil=True, _nrt=False, no_cpython_wrapper=False)

#: The same for a function that is called in one place or two, and whose arguments are many arrays: each of them is
#: seven numbers, and to hand them over took as long as what was done with them.
inlined_njit = register_jitable(
    pipeline_class=InnerCompiler, nogil=True, _nrt=False, no_cpython_wrapper=False, forceinline=True
)
