"""Thrift's compact protocol, as far as Parquet's footers and page headers use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[bytes, int], tuple[Any, int]]

_LONG_LIST = 15  # the size then follows as an integer of its own


def struct(data: bytes, at: int, last: int = 1 << 15) -> tuple[dict[int, Any], int]:
    """Return the fields of a struct by their numbers, up to `last`, and the offset after them.

    Raises `IndexError` if the bytes end before, `KeyError` if they are not a struct.
    """
    found: dict[int, Any] = {}
    number = 0
    while data[at]:
        step, kind = data[at] >> 4, data[at] & 0x0F
        at += 1
        if step:
            number += step
        else:
            number, at = _integer(data, at)
        found[number], at = _READERS[kind](data, at)
        if number >= last:
            return found, at
    return found, at + 1


def _natural(data: bytes, at: int) -> tuple[int, int]:
    value, shift = 0, 0
    while data[at] & 0x80:
        value |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return value | data[at] << shift, at + 1


def _integer(data: bytes, at: int) -> tuple[int, int]:
    value, at = _natural(data, at)
    return value >> 1 ^ -(value & 1), at


def _byte(data: bytes, at: int) -> tuple[int, int]:
    return data[at], at + 1


def _double(data: bytes, at: int) -> tuple[bytes, int]:
    return data[at : at + 8], at + 8


def _binary(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _natural(data, at)
    if at + length > len(data):
        raise IndexError(at)
    return data[at : at + length], at + length


def _list(data: bytes, at: int) -> tuple[list[Any], int]:
    size, read = data[at] >> 4, _ELEMENTS[data[at] & 0x0F]
    at += 1
    if size == _LONG_LIST:
        size, at = _natural(data, at)
    found = []
    for _ in range(size):
        each, at = read(data, at)
        found.append(each)
    return found, at


# How fields are read, by the number of their type; a boolean's value is in the type itself.
_READERS: dict[int, Reader] = {
    1: lambda _, at: (True, at),
    2: lambda _, at: (False, at),
    3: _byte,
    **dict.fromkeys((4, 5, 6), _integer),
    7: _double,
    8: _binary,
    **dict.fromkeys((9, 10), _list),
    12: struct,
}
# In a list, a boolean is a byte.
_ELEMENTS: dict[int, Reader] = {**_READERS, 1: _byte, 2: _byte}
