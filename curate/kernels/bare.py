"""Numba decorators: for the loops that Python calls, and for the functions that only loops call."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from numba import njit, types
from numba.core.typing.templates import infer_global

from curate.kernels.inner_compiler import InnerCompiler, TunedCompiler

#: `njit` without reference counts. Numba counts references to every array that one compiled function hands to another,
#: by atomic instructions; in kernels of many small functions they took more than half of the time. Such a function
#: cannot make arrays, and its caller must hold those it passes.
bare_njit = partial(njit, cache=True, nogil=True, _nrt=False)

#: The compiled side of inner functions, which numba itself refers to only weakly.
_COMPILED: list[Any] = []


def inner_njit(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """The same for a function that only compiled ones call; called from Python it runs uncompiled.

    It costs the compiler less: it is only made into what its callers take in (see `InnerCompiler`), and is found by
    what it is, where `register_jitable` has numba search among overloads.
    """
    options = {"pipeline_class": InnerCompiler, "nogil": True, "_nrt": False} | options
    compiled = njit(**options)(function)
    _COMPILED.append(compiled)
    infer_global(function, types.Dispatcher(compiled))
    return function


#: The same for a function that is called in one place or two, and whose arguments are many arrays: each of them is
#: seven numbers, and to hand them over took as long as what was done with them.
inlined_njit = partial(inner_njit, forceinline=True)

#: The same for the functions that find and hash words, which are 5 % faster if optimised before their callers are.
tuned_njit = partial(inner_njit, pipeline_class=TunedCompiler)
