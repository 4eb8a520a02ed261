"""A number has one spelling, whoever wrote it down."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from desk.numbers import normalise


@pytest.mark.parametrize(
    ("raw", "spelling"),
    [
        ("13900010001", "13900010001"),
        ("+8613900010001", "13900010001"),
        ("+86 139-0001-0001", "13900010001"),
        ("008613900010001", "13900010001"),
        ("8613900010001", "13900010001"),
        ("013900010001", "13900010001"),
        ("１３９０００１０００１", "13900010001"),
        ("sip:13900010001@10.0.0.1:5060", "13900010001"),
        ("tel:+8613900010001", "13900010001"),
        ("0717-6000001", "07176000001"),
        ("867176100002", "07176100002"),
        ("00867176100001", "07176100001"),
        ("+867176000010", "07176000010"),
        ("7176000010", "07176000010"),
        ("(0717) 6000001", "07176000001"),
        ("+86 (0)717 6000001", "07176000001"),
        ("010-12345678", "01012345678"),
        ("861012345678", "01012345678"),
        ("0717-6000001-801", "07176000001"),
        ("0717-6000001转801", "07176000001"),
        ("07176000001 分机 12", "07176000001"),
        ("07176000001x12", "07176000001"),
        ("07176000001#12", "07176000001"),
        ("13900010001,801", "13900010001"),
        ("4008001234", "4008001234"),
        ("400-800-1234", "4008001234"),
        ("400-800-1234-5", "4008001234"),
        ("84008001234", "4008001234"),
        ("8684008001234", "4008001234"),
        ("+864008001234", "4008001234"),
        ("8008101234", "8008101234"),
        ("95588", "95588"),
        ("12345", "12345"),
        ("10086", "10086"),
        ("8001", "8001"),
        ("6000001", "6000001"),
        ("+85221234567", "+85221234567"),
        ("0085221234567", "+85221234567"),
        ("+1 (202) 555-0123", "+12025550123"),
        ("(+1) 202 555 0123", "+12025550123"),
        ("999999999999999", "999999999999999"),
    ],
)
def test_spelling(raw: str, spelling: str) -> None:
    assert normalise(raw) == spelling


@pytest.mark.parametrize(
    "raw",
    [
        *(None, "", "  ", "0", "0000000000", "+", "-", "abc", "null", "未知"),
        *("anonymous", "Anonymous", "<anonymous>", "unknown", "PRIVATE", "restricted"),
        "sip:anonymous@anonymous.invalid",
    ],
)
def test_withheld_names_nobody(raw: str | None) -> None:
    assert normalise(raw) is None


_NUMBERISH = st.text(alphabet="0123456789+-() x转#*８6", max_size=24)


@given(st.one_of(st.text(max_size=40), _NUMBERISH))
@example("00" * 20 + "1")
@example("0" + "86" * 10)
@example("868613900010001")
@example("+00")
def test_never_fails_and_again_changes_nothing(raw: str) -> None:
    once = normalise(raw)
    assert normalise(once) == once
    if once is not None:
        assert set(once.removeprefix("+")) <= set("0123456789")


_MOBILE = st.from_regex(r"\A1[3-9][0-9]{9}\Z", fullmatch=True)


@given(_MOBILE, st.sampled_from(["+86", "0086", "86", "0", "+86 ", "+86-", "0086 "]))
def test_every_prefix_is_the_same_mobile(mobile: str, prefix: str) -> None:
    assert normalise(prefix + mobile) == mobile
