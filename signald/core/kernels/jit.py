"""The only door to Numba: kernels compiled at import, kept on disk, counted.

``@kernel("f8(f8[::1], i8)")`` compiles now, for that signature only, without fast-math, bounds checks, Python errors
or threads. ``@inner`` is for parts of kernels, compiled into them. ``@emitted`` is for the few instructions that Python
has no word for: the function's own body is its plain twin. With ``NUMBA_DISABLE_JIT=1`` all of them are plain Python.

The directory is ``SIGNALD_KERNEL_CACHE``, else ``signald/kernels`` in the user's cache directory. A kernel is found
there by what went into it: its sources, versions, processor. What is damaged or foreign is compiled anew.
"""

# Numba has no type stubs: what comes out of it is given its type here, once, and nowhere else.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportMissingParameterType=false, reportUntypedFunctionDecorator=false

import inspect
import pickle
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from posixpath import expandvars  # the one look at the environment: where the cache lies
from typing import Any, Final, ParamSpec, TypeVar, cast

import llvmlite
import numba
from numba.core import caching, codegen, config, event, serialize, types
from numba.core.compiler import CompilerBase, CompileResult, DefaultPassBuilder
from numba.core.registry import CPUDispatcher
from numba.extending import intrinsic
from numba.misc.appdirs import user_cache_dir

from signald.core.kernels.borrowed import FRAME, HELD
from signald.core.kernels.store import KernelStore, digest_of, sources_below

P = ParamSpec("P")
R = TypeVar("R")
Emit = Callable[..., Any]
"""Told LLVM's builder and its values, emits the instructions and returns the value they make."""

PLAIN: Final = bool(vars(config)["DISABLE_JIT"])
"""Nothing is compiled: every kernel is plain Python."""
NATIVE: Final = vars(config)["CPU_NAME"] is None and vars(config)["CPU_FEATURES"] is None
"""Kernels are compiled for this very processor: nobody has named another one."""

_njit: Final[Any] = numba.njit
_OPTIONS: Final = {"fastmath": False, "boundscheck": False, "error_model": "numpy"}
_rebuild: Final[Any] = CompileResult._rebuild  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # no public one
_BLAS: Final = "scipy.linalg"
_VARIABLE: Final = "$SIGNALD_KERNEL_CACHE"


def kernel(signature: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Compile the decorated function for ``signature``, or load what an earlier run compiled.

    The function keeps the interpreter's lock: it runs for microseconds, and to give the lock away could cost
    milliseconds to get it back.
    """

    def compile_now(function: Callable[P, R]) -> Callable[P, R]:
        if PLAIN:
            return function
        dispatcher = _njit(**_OPTIONS)(function)
        dispatcher._cache = _StoredKernel(function, signature)  # noqa: SLF001  # as numba's own enable_caching does
        wanted = _signature(signature)
        dispatcher.compile(wanted)
        dispatcher.disable_compile()
        if FRAME in wanted.args:  # once a frame: numba's own choice among signatures would cost more than the rest
            entry = dispatcher.overloads[wanted.args].entry_point
            _PLAIN_OF[entry] = function
            return cast("Callable[P, R]", entry)
        return cast("Callable[P, R]", dispatcher)

    return compile_now


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """Make a part of kernels: compiled with each kernel that calls it, never called from Python once compiled."""
    return function if PLAIN else _part(function, {})


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Make a part of kernels that stands in its caller's code: for the few steps that every level takes."""
    return function if PLAIN else _part(function, {"forceinline": True})


def emitted(signature: str, emit: Emit) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let ``emit`` write the instructions of the decorated function, whose body says in plain Python what they do."""

    def replace(twin: Callable[P, R]) -> Callable[P, R]:
        if PLAIN:
            return twin
        typed = _signature(signature)

        def generate(context: object, builder: object, signature: object, values: list[object]) -> Any:  # noqa: ANN401
            del context, signature
            return emit(builder, *values)

        def define(context: object, *_: object) -> tuple[Any, Any]:
            del context
            return typed, generate

        parameters = [inspect.Parameter("context", inspect.Parameter.POSITIONAL_ONLY)]
        parameters += inspect.signature(twin).parameters.values()
        define.__name__ = twin.__name__
        define.__doc__ = twin.__doc__
        define.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportFunctionMemberAccess]  # numba reads it
        instruction = cast("Callable[P, R]", intrinsic(define))
        _PLAIN_OF[instruction] = twin
        return instruction

    return replace


def plain(compiled: Callable[P, R]) -> Callable[P, R]:
    """The Python function that ``compiled`` was made from."""
    found = _PLAIN_OF.get(compiled) or getattr(compiled, "py_func", compiled)
    return cast("Callable[P, R]", found)


def compilations() -> int:
    """How many functions this process has compiled, kernels' parts included; loading from disk is not compiling."""
    return _COUNTER.compiled


class _Counter(event.Listener):
    """Counts what Numba compiles, whoever asks for it."""

    def __init__(self) -> None:
        self.compiled = 0

    def on_start(self, event: object) -> None:
        """Count nothing: it may fail."""

    def on_end(self, event: object) -> None:
        """Count one."""
        del event
        self.compiled += 1


class _StoredKernel(caching.NullCache):
    """One kernel's place on disk, in the form that Numba's dispatchers ask."""

    def __init__(self, function: Callable[..., Any], signature: str) -> None:
        self._function = function
        self._signature = signature
        self._store = KernelStore(_folder())
        self._name = f"{function.__module__}.{function.__qualname__}"
        self._folder = Path(function.__code__.co_filename).parent
        self._sources = _sources(self._folder)

    def load_overload(self, sig: object, target_context: Any) -> Any:  # noqa: ANN401  # numba's own objects
        """The compiled kernel, None if it must be compiled."""
        del sig
        with _without_scipy():
            target_context.refresh()
        payload = self._store.load(self._name, self._key(target_context.codegen()))
        if payload is None:
            return None
        try:
            return _rebuild(target_context, *pickle.loads(payload))  # noqa: S301  # ours: its digest was right
        except Exception:  # noqa: BLE001  # whatever it is, compiling anew is the cure
            return None

    def save_overload(self, sig: object, cres: Any) -> None:  # noqa: ANN401  # numba's own objects
        """Keep a compiled kernel for the next run, if the directory can be written."""
        del sig
        unedited = self._sources == _sources(self._folder) and _sources(_HERE) == _SOURCES  # compiling took its time
        if unedited and not cres.library.has_dynamic_globals:
            self._store.save(self._name, self._key(cres.library.codegen), serialize.dumps(cres._reduce()))  # noqa: SLF001

    def _key(self, codegen: Any) -> str:  # noqa: ANN401  # numba's own object
        """Everything that decides what the compiled code is."""
        versions = (sys.version, numba.__version__, llvmlite.__version__, self._signature, codegen.magic_tuple())
        return digest_of([repr(versions).encode(), self._function.__code__.co_code, _SOURCES, self._sources])


@contextmanager
def _without_scipy() -> Generator[None]:
    """Inside, SciPy's BLAS is not to be found, unless it is there: Numba looks for it, no kernel of ours calls it.

    To load it would take a third as long as Numba itself, in every process.
    """
    if _BLAS in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules[_BLAS] = None
    try:
        yield
    finally:
        del modules[_BLAS]


def _sources(folder: Path) -> bytes:
    """What stands for the text of all modules in ``folder``."""
    return digest_of(sources_below(folder)).encode()


def _folder() -> Path:
    chosen = expandvars(_VARIABLE)
    return Path(chosen) if chosen not in {"", _VARIABLE} else Path(user_cache_dir("signald")) / "kernels"


class _PartLibrary(codegen.JITCodeLibrary):
    """The code of a part: neither optimized nor made executable by itself, only as what the kernel takes up."""

    @property
    def codegen(self) -> Any:  # noqa: ANN401  # numba's own object
        return _PartCodegen(super().codegen)

    def _optimize_functions(self, ll_module: Any) -> None:  # noqa: ANN401  # LLVM's own object
        ll_module.data_layout = self._codegen._data_layout  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # no public one

    def _optimize_final_module(self) -> None:
        """Leave it to the kernel: its own optimization takes in everything."""

    def _finalize_final_module(self) -> None:
        """Make no machine code."""
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Nothing can be called from outside."""
        del name
        self._ensure_finalized()
        return 0


class _PartCodegen:
    """What numba asks of a library's code generator, but the place for what only errors would need."""

    def __init__(self, generator: Any) -> None:  # noqa: ANN401  # numba's own object
        self._generator = generator

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # whatever it has
        return getattr(self._generator, name)

    def set_env(self, env_name: str, env: object) -> None:
        """Set nothing: parts raise no errors, and asking for the place would make machine code."""


class _PartCompiler(CompilerBase):
    """Numba's own passes, into a :class:`_PartLibrary`."""

    def define_pipelines(self) -> list[Any]:
        self.state.library = _PartLibrary(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        return [DefaultPassBuilder.define_nopython_pipeline(self.state)]


class _Part(CPUDispatcher):
    """A part by its arguments' types alone: Numba would make one for each constant it is called with."""

    def get_call_template(self, args: Any, kws: Any) -> Any:  # noqa: ANN401  # numba's own objects
        return super().get_call_template(tuple(types.unliteral(type_) for type_ in args), kws)

    def __call__(self, *args: Any) -> Any:  # noqa: ANN401  # pyright: ignore[reportIncompatibleMethodOverride]  # the function's own
        """Run the Python source, for whoever compares with it: no machine code of a part can be entered."""
        return self.py_func(*args)


def _part(function: Callable[P, R], options: dict[str, bool]) -> Callable[P, R]:
    wanted = {**_OPTIONS, "nopython": True, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, **options}
    return cast("Callable[P, R]", _Part(function, targetoptions=wanted, pipeline_class=_PartCompiler))


_OWN_TYPES: Final = {"frame": FRAME, "held": HELD, "words": types.CPointer(types.int64), "void": types.void}


def _type(token: str) -> Any:  # noqa: ANN401  # numba's own objects
    """``i8``, ``f8[:,::1]``, ``frame``, ``held``, ``words``, ``void``: arrays are contiguous, always."""
    if token in _OWN_TYPES:
        return _OWN_TYPES[token]
    name, _, shape = token.partition("[")
    element = getattr(types, name)
    return types.Array(element, shape.count(":") - 1, "C") if shape else element


def _signature(text: str) -> Any:  # noqa: ANN401  # numba's own objects
    returned, _, arguments = text.removesuffix(")").partition("(")
    return _type(returned)(*(_type(token) for token in arguments.split(", ") if token))


_HERE: Final = Path(__file__).parent
_SOURCES: Final = _sources(_HERE)
"""Of the kernels as they were when this module was imported, before any of them."""
_PLAIN_OF: Final[dict[Any, Any]] = {}
_COUNTER: Final = _Counter()
event.register("numba:compile", _COUNTER)
