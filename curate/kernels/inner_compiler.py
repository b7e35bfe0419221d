"""How numba compiles a function that only compiled ones call: to LLVM's code for them to take in, and no further.

Numba optimises every function, makes machine code of it and keeps that on disk. A caller needs none of it: it takes in
the code of what it calls, optimises it as its own, and its machine code holds all. Left out, all of curate compiles in
a fifth less time, and a quarter of the files are kept.
"""

from __future__ import annotations

from typing import Any

from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering


class _LinkedLibrary(JITCodeLibrary):  # type: ignore[misc]
    """Code for callers, never handed to the engine that emits machine code."""

    def _optimize_final_module(self) -> None:
        """Leave it to the callers."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class _OptimisedLibrary(_LinkedLibrary):
    """The same, optimised before it is part of a caller."""

    def _optimize_final_module(self) -> None:
        JITCodeLibrary._optimize_final_module(self)


@register_pass(mutates_CFG=True, analysis_only=False)
class _LowerForCallers(NativeLowering):  # type: ignore[misc]
    """Lowering into a library that is linked; callers know the function by an object that has no address."""

    _name = "lower_for_callers"
    library = _LinkedLibrary

    def run_pass(self, state: Any) -> bool:
        name = state.func_id.func_name
        state.library = self.library(state.targetctx.codegen(), state.func_id.func_qualname)
        flags = state.flags
        flags.no_compile = flags.no_cpython_wrapper = flags.no_cfunc_wrapper = True
        super().run_pass(state)
        lowered = state.cr
        entry = _dynfunc.make_function(
            lowered.fndesc.lookup_module(), name, f"{name}, for callers", 0, lowered.env, (state.library,)
        )
        state.targetctx.insert_user_function(entry, lowered.fndesc, [state.library])
        state.reload_init.extend(state.library._reload_init)
        state.cr = lowered._replace(cfunc=entry)
        return True


@register_pass(mutates_CFG=True, analysis_only=False)
class _LowerOptimised(_LowerForCallers):
    """The same, optimised."""

    _name = "lower_optimised"
    library = _OptimisedLibrary


class InnerCompiler(CompilerBase):  # type: ignore[misc]
    """Numba's compiler but for the last step: what it makes can be linked, not run."""

    lowering = _LowerForCallers

    def define_pipelines(self) -> list[PassManager]:
        """Numba's passes, the last of those that do something replaced."""
        usual = DefaultPassBuilder.define_nopython_pipeline(self.state)
        inner = PassManager("inner")
        for each, purpose in usual.passes:
            inner.add_pass(self.lowering if each is NativeLowering else each, purpose)
        inner.finalize()
        return [inner]


class TunedCompiler(InnerCompiler):
    """The same for a function that is optimised by itself, too."""

    lowering = _LowerOptimised
