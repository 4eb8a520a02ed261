"""One spelling for each telephone number, however a phone system or a person wrote it.

The spelling is the one that a Chinese reader dials: mobiles by their 11 digits, landlines as
0 + area code + number, 400/800 and short numbers as they are. A foreign number is E.164 with its
plus. Nothing is lost by it that could tell two subscribers apart, so equality of spellings is
equality of numbers.

A PBX may show its own lines with the digit for an outside line still in front of them, as
`84008001234` for 4008001234. No Chinese number looks like 8 + 400/800 + 7 digits, so that 8 is
dropped: the line is the same line in both spellings, in events and in the directory alike.
"""

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

_WITHHELD = frozenset(
    [
        "anonymous",
        "unknown",
        "private",
        "empty",
        "restricted",
        "withheld",
        "unavailable",
        "hidden",
        "blocked",
        "null",
        "none",
        "nil",
        "asserted-identity-withheld",
        "匿名",
        "未知",
        "隐藏",
        "私密",
        "保密",
        "未知号码",
        "隐藏号码",
        "无号码",
    ]
)
_EXTENSION = re.compile(r"(?:extension|ext|转接|转|分机|[x#*,;p])", re.IGNORECASE)
# A last group after a full number that was written with dashes: 0717-6000001-801.
_DASHED_EXTENSION = re.compile(
    r"^(?P<number>.*?(?:0\d{2,3}[- ]\d{7,8}|[48]00[- ]?\d{3}[- ]?\d{4}|1[3-9]\d{9}))-\d{1,6}$"
)
_OUTSIDE_LINE = re.compile(r"^8([48]00\d{7})$")
_SERVICE = re.compile(r"^[48]00\d{7}$")
# Asked before the tables, which do not know a newly opened block of mobile numbers.
_MOBILE = re.compile(r"^(?:86)?0?(1[3-9]\d{9})$")
_LONGEST = 32
_ROUNDS = 8


def normalise(raw: str | None) -> str | None:
    """The one spelling of `raw`, or None when it names nobody (withheld, empty, no digits).

    Never raises: what is no number that we know is kept as its digits (32 at most), with the
    plus that it had. Applying it again changes nothing.
    """
    return None if raw is None else _normalise(raw[:256])


@lru_cache(maxsize=8192)
def _normalise(raw: str) -> str | None:
    text = raw
    for _ in range(_ROUNDS):
        spelling = _once(text)
        if spelling is None or spelling == text:
            return spelling
        text = spelling
    return text


def _once(raw: str) -> str | None:
    text = unicodedata.normalize("NFKC", raw).strip().strip("\"'<>").strip().lower()
    for scheme in ("sips:", "sip:", "tel:"):
        text = text.removeprefix(scheme)
    text = text.partition("@")[0]
    if text in _WITHHELD:
        return None
    text = _without_extension(text)
    digits = "".join(one for one in text if one in "0123456789")[:_LONGEST]
    if not digits.strip("0"):
        return None
    abroad = text.lstrip(" (").startswith("+")
    while digits.startswith("00"):
        abroad, digits = True, digits[2:]
    if abroad and not digits.startswith("0"):
        return _international(digits)
    return _national(digits)


def _without_extension(text: str) -> str:
    if dashed := _DASHED_EXTENSION.match(text):
        return dashed["number"]
    for mark in _EXTENSION.finditer(text):
        if any(one in "0123456789" for one in text[: mark.start()]):
            return text[: mark.start()]
    return text


def _international(digits: str) -> str:
    if digits.startswith("86") and len(digits) > 2:
        return _national(digits[2:])
    return f"+{digits}"


def _national(digits: str) -> str:
    if outside := _OUTSIDE_LINE.match(digits.removeprefix("86")):
        return outside[1]
    if mobile := _MOBILE.match(digits):
        return mobile[1]
    if _SERVICE.match(digits):
        return digits
    try:
        number = phonenumbers.parse(digits, "CN")
    except NumberParseException:
        return digits
    if number.country_code != 86 or not phonenumbers.is_valid_number(number):
        return digits
    significant = phonenumbers.national_significant_number(number)
    if phonenumbers.number_type(number) == PhoneNumberType.FIXED_LINE:
        return f"0{significant}"
    return significant
