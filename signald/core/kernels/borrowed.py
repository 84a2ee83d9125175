"""What a kernel borrows from its caller for one call: the bytes of a frame, and the words of an array.

Numba's own way with an array, to count a reference to it and to take it apart, costs 60 ns a call: as much as reading
ten levels. Here its words' address is taken as it stands in the object.
"""

# See jit.py: Numba and LLVM have no types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUntypedBaseClass=false
# pyright: reportMissingParameterType=false, reportUntypedFunctionDecorator=false

from typing import Any, Final

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import NativeValue, models, register_model, unbox

_WORD: Final = ir.IntType(64)
_ADDRESS: Final = ir.IntType(8).as_pointer()
_HEAD: Final = object.__basicsize__
"""Bytes of an object before its own: in CPython its type's address stands last in them, in NumPy its data's next."""
_NAME: Final = _HEAD + 8
"""Where a type keeps its name's address: behind the number of its items."""
_ARRAY: Final = int.from_bytes(b"numpy.nd", "little")


class _FrameType(types.Type):
    """The bytes of one frame: where they lie and how many they are."""

    def __init__(self) -> None:
        super().__init__("frame")


class _HeldType(types.Type):
    """The words of a contiguous array of 8-byte integers, which the caller holds."""

    def __init__(self) -> None:
        super().__init__("held")


FRAME: Final = _FrameType()
HELD: Final = _HeldType()


@register_model(_FrameType)
class _FrameModel(models.StructModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:  # noqa: ANN401  # numba's own objects
        super().__init__(manager, fe_type, [("start", types.CPointer(types.uint8)), ("length", types.int64)])


@register_model(_HeldType)
class _HeldModel(models.StructModel):
    def __init__(self, manager: Any, fe_type: Any) -> None:  # noqa: ANN401  # numba's own objects
        super().__init__(manager, fe_type, [("words", types.CPointer(types.int64))])


@unbox(_FrameType)
def _unbox_frame(fe_type: Any, value: Any, context: Any) -> Any:  # noqa: ANN401  # numba's own objects
    """Take the address and length of a ``bytes`` object; anything else is a TypeError."""
    builder, api = context.builder, context.pyapi
    start = cgutils.alloca_once(builder, api.cstring)
    length = cgutils.alloca_once(builder, api.py_ssize_t)
    ok = builder.call(_as_string_and_size(api), [value, start, length])
    frame = cgutils.create_struct_proxy(fe_type)(context.context, builder)
    frame.start = builder.load(start)
    frame.length = builder.load(length)
    return NativeValue(frame._getvalue(), is_error=cgutils.is_not_null(builder, ok))  # noqa: SLF001


def _as_string_and_size(api: Any) -> Any:  # noqa: ANN401  # numba's own objects
    form = ir.FunctionType(ir.IntType(32), [api.pyobj, api.cstring.as_pointer(), api.py_ssize_t.as_pointer()])
    return api._get_function(form, name="PyBytes_AsStringAndSize")  # noqa: SLF001


@unbox(_HeldType)
def _unbox_held(fe_type: Any, value: Any, context: Any) -> Any:  # noqa: ANN401  # numba's own objects
    """Take the address of an array's words; what is no array is a TypeError."""
    builder = context.builder

    def load(place: Any, offset: int, form: Any) -> Any:  # noqa: ANN401  # LLVM's own objects
        at = builder.gep(builder.bitcast(place, _ADDRESS), [ir.Constant(_WORD, offset)])
        return builder.load(builder.bitcast(at, form.as_pointer()), align=1)

    kind = load(value, _HEAD - 8, _ADDRESS)
    name = load(load(kind, _NAME, _ADDRESS), 0, _WORD)
    stranger = builder.icmp_unsigned("!=", name, ir.Constant(_WORD, _ARRAY))
    with builder.if_then(stranger, likely=False):
        context.pyapi.err_set_string("PyExc_TypeError", "the words are no array")
    held = cgutils.create_struct_proxy(fe_type)(context.context, builder)
    held.words = load(value, _HEAD, _WORD.as_pointer())
    return NativeValue(held._getvalue(), is_error=stranger)  # noqa: SLF001
