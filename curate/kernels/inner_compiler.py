"""How numba compiles a function that only compiled ones call: to LLVM's code for them to take in, and no further.

Numba turns every function into machine code and keeps it on disk. A caller needs neither: it takes in the optimised
code of what it calls, and its own machine code holds all. Left out, all of curate compiles in a twelfth less time, and
a third as many files are kept. (Without optimising here, too, it took a sixth less, but words were hashed 6 % slower.)
"""

from __future__ import annotations

from typing import Any

from numba import _dynfunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering


class InnerCompiler(CompilerBase):  # type: ignore[misc]
    """Numba's compiler but for the last step: what it makes can be linked, not run."""

    def define_pipelines(self) -> list[PassManager]:
        """Numba's passes, the last of those that do something replaced."""
        usual = DefaultPassBuilder.define_nopython_pipeline(self.state)
        inner = PassManager("inner")
        for each, purpose in usual.passes:
            inner.add_pass(_LowerForCallers if each is NativeLowering else each, purpose)
        inner.finalize()
        return [inner]


class _LinkedLibrary(JITCodeLibrary):  # type: ignore[misc]
    """Code that is optimised for its callers, and never handed to the engine that emits machine code."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _LowerForCallers(NativeLowering):  # type: ignore[misc]
    """Lowering into a library that is linked; callers know the function by an object that has no address."""

    _name = "lower_for_callers"

    def run_pass(self, state: Any) -> bool:
        name = state.func_id.func_name
        state.library = _LinkedLibrary(state.targetctx.codegen(), state.func_id.func_qualname)
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
