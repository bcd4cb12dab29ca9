"""``loads`` against ``json.loads``: named cases first, then anything at all."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CASES: dict[str, bytes] = {
    "empty": b"",
    "spaces": b" \t\r\n ",
    "object": b'{"a": 1, "b": [true, false, null], "c": {"d": "e"}}',
    "empty object": b"{}",
    "empty array": b" [ ] ",
    "string": b'"abc"',
    "empty string": b'""',
    "number": b"12",
    "number, then NUL": b"12\0",
    "null": b"null",
    "nul": b"[nul]",
    "nullx": b"[nullx]",
    "truefalse": b"[truefalse]",
    "duplicate keys": b'{"a": 1, "b": 2, "a": 3}',
    "duplicate keys, one escaped": b'{"a": 1, "b": 2, "\\u0061": 3}',
    "minus zero": b"[-0, -0.0, 0, 0.0, -0e1]",
    "int64 edges": b"[9223372036854775807, -9223372036854775808, 9223372036854775808, -9223372036854775809]",
    "uint64 edges": b"[18446744073709551615, 18446744073709551616]",
    "huge integer": b'{"n": ' + b"7" * 400 + b"}",
    "integer above the digit limit": b"[" + b"7" * 5000 + b"]",
    "float overflow": b"[1E400, -1e400]",
    "float underflow": b"[1e-400, 5e-324, 2.2250738585072011e-308]",
    "float of many digits": b"[0." + b"3" * 800 + b", 1" + b"0" * 320 + b".5]",
    "hard roundings": b"[9007199254740993.0, 1.7976931348623157e308, 123456789012345678901234567890.5]",
    "leading zero": b"[01]",
    "plus": b"[+1]",
    "bare point": b"[1.]",
    "point first": b"[.5]",
    "bare exponent": b"[1e]",
    "minus": b"[-]",
    "hex": b"[0x10]",
    "NaN": b"[NaN, Infinity, -Infinity]",
    "nan": b"[nan]",
    "escapes": rb'["\" \\ \/ \b \f \n \r \t \u00e9 \u20ac \ud83d\ude00"]',
    "lone surrogates": rb'["\ud800", "\udc00", "\ud800x", "\ud800\ud800", "\udc00\ud800"]',
    "lone surrogate in a key": rb'{"\ud800": 1}',
    "bad escape": rb'["\q"]',
    "short escape": rb'["\u12"]',
    "escape with a sign": rb'["\u+123"]',
    "escape at the end": b'["\\',
    "NUL escape": rb'["a\u0000b"]',
    "control character": b'["a\nb"]',
    "DEL": b'["\x7f"]',
    "raw NUL": b'["\0"]',
    "multi-byte": '{"é€😀": "é€😀"}'.encode(),
    "latin-1 range": '["\x80\xff"]'.encode(),
    "invalid UTF-8": b'["\xff"]',
    "invalid UTF-8 outside a string": b"[\xff]",
    "truncated UTF-8": b'["\xe2\x82"]',
    "overlong": b'["\xc0\x80"]',
    "surrogate in UTF-8": b'["\xed\xa0\x80"]',
    "above U+10FFFF": b'["\xf4\x90\x80\x80"]',
    "BOM": b"\xef\xbb\xbf[1]",
    "BOM alone": b"\xef\xbb\xbf",
    "two BOMs": b"\xef\xbb\xbf\xef\xbb\xbf[1]",
    "UTF-16": '{"a": "é"}'.encode("utf-16"),
    "UTF-16 LE": '{"a": "é"}'.encode("utf-16-le"),
    "UTF-16 BE": '{"a": "é"}'.encode("utf-16-be"),
    "UTF-32": '{"a": "é"}'.encode("utf-32"),
    "UTF-16 of one digit": b"1\0",
    "trailing comma": b"[1,]",
    "trailing comma in an object": b'{"a": 1,}',
    "trailing garbage": b"[1] x",
    "two documents": b"{} {}",
    "two closers": b"{}}",
    "wrong closer": b"[1}",
    "wrong closer inside": b'{"a": [1}]',
    "unclosed": b"[1",
    "unclosed object": b'{"a": 1',
    "unclosed string": b'["a',
    "missing colon": b'{"a" 1}',
    "missing comma": b"[1 2]",
    "missing value": b'{"a":}',
    "key not a string": b"{1: 2}",
    "key alone": b'{"a"}',
    "single quotes": b"{'a': 1}",
    "comment": b"[1] // x",
    "only a comma": b"[,]",
    "form feed": b"[1]\f",
    "no-break space": "[1\xa0]".encode(),
    "token glued to a string": b'["a"b]',
    "deep, and fine": b"[" * 190 + b"]" * 190,
    "deeper than simdjson is asked to go": b"[" * 250 + b"1" + b"]" * 250,
    "deep objects": b'{"a":' * 250 + b"1" + b"}" * 250,
    "too deep": b"[" * 200_000 + b"]" * 200_000,
    "too deep, unclosed": b"[" * 200_000,
    "long": b'{"a": "' + b"x" * 200_000 + b'", "b": [' + b"1," * 50_000 + b"1]}",
    "long with escapes": b'["' + b"\\n" * 100_000 + b'"]',
    "wide object": json.dumps({f"key_{i}": i for i in range(5000)}).encode(),
    "long key": json.dumps({"k" * 300: 1, "k" * 64: 2, "k" * 65: 3}).encode(),
}


@pytest.mark.parametrize("case", CASES)
def test_named_case(impl: Any, compare: Any, case: str) -> None:
    data = CASES[case]
    same, outcome = compare.same, compare.outcome
    expected = outcome(json.loads, data)
    assert same(outcome(impl.loads, data), expected)
    assert same(outcome(impl.loads, bytearray(data)), expected)
    assert same(outcome(impl.loads, memoryview(data)), expected)
    assert same(outcome(impl.loads, impl.pad(data), padded=True), expected)


@pytest.mark.parametrize(
    "text", ["", "[1]", "\ufeff[1]", '["\ud800"]', '["é😀"]', '{"\udfff": 1}', "NaN", "\x00", "[1]\u2028"]
)
def test_str(impl: Any, compare: Any, text: str) -> None:
    assert compare.same(compare.outcome(impl.loads, text), compare.outcome(json.loads, text))


def test_the_error_is_the_standard_librarys_own(impl: Any) -> None:
    with pytest.raises(json.JSONDecodeError, match=r"Expecting ',' delimiter: line 2 column 5 \(char 7\)"):
        impl.loads(b'[1\n, 2 "x"]')


def test_strided_memoryview(impl: Any) -> None:
    assert impl.loads(memoryview(b"[_1_]_")[::2]) == [1]


def test_padding_is_ignored_whatever_it_holds(impl: Any) -> None:
    for tail in (b"]" * 64, b'"' * 64, b"}" * 64, b"\xff" * 64, b"1" * 64, b"\\" * 64):
        assert impl.loads(b'{"a": [12, "x"]}' + tail, padded=True) == {"a": [12, "x"]}
        with pytest.raises(json.JSONDecodeError):
            impl.loads(b'{"a": [12' + tail, padded=True)


def test_not_text(impl: Any) -> None:
    with pytest.raises(TypeError):
        impl.loads(12)


@pytest.mark.parametrize("length", [*range(130), 4095, 4096, 4097, 65_535, 65_536, 65_537])
def test_every_length(impl: Any, length: int) -> None:
    for fill in ("a", "é", "\\", "\U0001f600"):
        value = {"k" * (length % 90): fill * length}
        assert impl.loads(json.dumps(value, ensure_ascii=False).encode()) == value


def test_small_strings_are_shared_where_the_interpreter_shares_them(impl: Any) -> None:
    first, second, empty = impl.loads(b'["a", "a", ""]')
    assert first is second
    assert empty is sys.intern("")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)
    | st.sampled_from(["\ud800", "\udc00\ud800", "\U0001f600", 'a"b\\c', "\x00"]),
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(st.text(st.characters(exclude_categories=()), max_size=12), inner, max_size=5)
    ),
    max_leaves=25,
)


def write(value: Any, ascii_only: bool, space: str) -> bytes:
    separators = (f"{space},{space}", f"{space}:{space}")
    return json.dumps(value, ensure_ascii=ascii_only, separators=separators).encode("utf-8", "surrogatepass")


documents = st.builds(write, values, st.booleans(), st.sampled_from(["", " ", "\n", "\t \r\n"]))


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(documents)
def test_any_value(compare: Any, data: bytes) -> None:
    expected = compare.outcome(json.loads, data)
    for each in compare.implementations:
        assert compare.same(compare.outcome(each.loads, data), expected)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(documents, st.data())
def test_any_truncation_and_damage(compare: Any, document: bytes, data: st.DataObject) -> None:
    cut = document[: data.draw(st.integers(0, len(document)))]
    at = data.draw(st.integers(0, len(document)))
    new = data.draw(st.binary(max_size=2) | st.sampled_from([b",", b"}", b"]", b'"', b"\\", b"\xed\xa0\x80"]))
    damaged = document[:at] + new + document[at + data.draw(st.integers(0, 2)) :]
    for text in (cut, damaged):
        expected = compare.outcome(json.loads, text)
        for each in compare.implementations:
            assert compare.same(compare.outcome(each.loads, text), expected)


@settings(max_examples=150)
@given(st.binary(max_size=40) | st.text('{}[]",:0123456789.eE+-truefalsn\\u \n', max_size=30).map(str.encode))
def test_anything(compare: Any, data: bytes) -> None:
    expected = compare.outcome(json.loads, data)
    for each in compare.implementations:
        assert compare.same(compare.outcome(each.loads, data), expected)


@settings(max_examples=200)
@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["r", ".30e", ".17g", ".1f"]))
def test_floats_round_as_in_the_standard_library(compare: Any, number: float, style: str) -> None:
    text = repr(number) if style == "r" else format(number, style)
    for each in compare.implementations:
        assert compare.same(each.loads(f"[{text}]"), json.loads(f"[{text}]"))
