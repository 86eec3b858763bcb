"""The built-in infoTypes: candidates by their form, then what libraries know of their check digits.

Names are as in https://cloud.google.com/sensitive-data-protection/docs/infotypes-reference.
"""

import ipaddress
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

import phonenumbers
from google.cloud.dlp_v2 import Likelihood
from stdnum import bic, iban, imei, luhn
from stdnum.au import tfn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.de import idnr
from stdnum.es import nif
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.gb import nhs
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.nl import bsn
from stdnum.pl import pesel
from stdnum.se import personnummer
from stdnum.us import ein, itin, ssn

from localcloud.dlp.dates import is_date

_REGION = "US"  # of telephone numbers that name no country
_BARE = re.compile(r"\d+")


@dataclass(frozen=True)
class Span:
    """Where something was found in a text, in characters, and how likely it is that."""

    start: int
    end: int
    likelihood: Likelihood


Detector = Callable[[str], Iterator[Span]]


def detector(info_type: str) -> Detector | None:
    """What finds an infoType in a text, if there is one."""
    return _DETECTORS.get(info_type)


def info_types() -> Mapping[str, str]:
    """What each infoType that can be found is called, by its name."""
    return {name: name.replace("_", " ").capitalize() for name in sorted(_DETECTORS)}


def _by_form(
    pattern: str, likelihood: Likelihood, is_valid: Callable[[str], bool] = lambda _: True
) -> Detector:
    expression = re.compile(pattern)

    def find(text: str) -> Iterator[Span]:
        for start, end in _valid(expression, text, is_valid):
            yield Span(start, end, likelihood)

    return find


def _by_check_digit(pattern: str, library: ModuleType) -> Detector:
    """Numbers whose form a check digit confirms; digits alone are often something else."""
    expression = re.compile(rf"(?<![\w.-]){pattern}(?![\w-]|\.\d)")

    def find(text: str) -> Iterator[Span]:
        for start, end in _valid(expression, text, library.is_valid):
            yield Span(start, end, _confidence(text[start:end]))

    return find


def _valid(
    expression: re.Pattern[str], text: str, is_valid: Callable[[str], bool]
) -> Iterator[tuple[int, int]]:
    """Where matches that are valid start and end.

    Of one that is not, a beginning may be, as of a card's number with a date behind it.
    """
    place = 0
    while match := expression.search(text, place):
        start = match.start()
        ends = (
            end
            for end in _ends(match)
            if expression.fullmatch(text, start, end) and is_valid(text[start:end])
        )
        end = next(ends, None)
        if end is not None:
            yield start, end
        place = start + 1 if end is None else end


def _ends(match: re.Match[str]) -> Iterator[int]:
    """Its end, and where parts of it end, from the back."""
    yield match.end()
    for place in range(match.end() - 1, match.start(), -1):
        if match.string[place] in " -":
            yield place


def _confidence(number: str) -> Likelihood:
    return Likelihood.POSSIBLE if _BARE.fullmatch(number) else Likelihood.VERY_LIKELY


def _find_phone_numbers(text: str) -> Iterator[Span]:
    for match in _phone_numbers(text):
        yield Span(match.start, match.end, _phone_confidence(match.raw_string))


def _find_toll_free_numbers(text: str) -> Iterator[Span]:
    for match in _phone_numbers(text):
        kind = phonenumbers.number_type(match.number)
        if match.number.country_code == 1 and kind == phonenumbers.PhoneNumberType.TOLL_FREE:
            yield Span(match.start, match.end, _phone_confidence(match.raw_string))


def _phone_numbers(text: str) -> phonenumbers.PhoneNumberMatcher:
    """Those of the whole text, however many other numbers it has."""
    return phonenumbers.PhoneNumberMatcher(text, _REGION, max_tries=sys.maxsize)


def _phone_confidence(number: str) -> Likelihood:
    if number.startswith("+"):
        return Likelihood.VERY_LIKELY
    return Likelihood.POSSIBLE if _BARE.fullmatch(number) else Likelihood.LIKELY


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_card(text: str) -> bool:
    return bool(luhn.is_valid(re.sub(r"\D", "", text)))


_LIKELY, _SURE = Likelihood.LIKELY, Likelihood.VERY_LIKELY
_DETECTORS: dict[str, Detector] = {
    "AUSTRALIA_TAX_FILE_NUMBER": _by_check_digit(r"\d{3} ?\d{3} ?\d{3}", tfn),
    "AWS_CREDENTIALS": _by_form(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", _SURE),
    "BRAZIL_CPF_NUMBER": _by_check_digit(r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}", cpf),
    "CANADA_SOCIAL_INSURANCE_NUMBER": _by_check_digit(r"\d{3}[ -]?\d{3}[ -]?\d{3}", sin),
    "CREDIT_CARD_NUMBER": _by_form(
        r"(?<![\w.-])[2-6]\d(?:[ -]?\d){11,17}(?![\w-]|\.\d)", _SURE, _is_card
    ),
    "DATE": _by_form(
        r"\b(?:19|20)\d\d-(?:0\d|1[0-2])-[0-3]\d\b|\b[01]?\d/[0-3]?\d/(?:19|20)\d\d\b",
        _LIKELY,
        is_date,
    ),
    "EMAIL_ADDRESS": _by_form(
        r"(?<![\w.%+-])[\w.%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}\b", _SURE
    ),
    "FINLAND_NATIONAL_ID_NUMBER": _by_check_digit(r"\d{6}[-+A]\d{3}[0-9A-Y]", hetu),
    "FRANCE_NIR": _by_check_digit(r"[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d", nir),
    "GCP_API_KEY": _by_form(r"\bAIza[\w-]{35}(?![\w-])", _SURE),
    "GERMANY_TAXPAYER_IDENTIFICATION_NUMBER": _by_check_digit(r"\d\d ?\d{3} ?\d{3} ?\d{3}", idnr),
    "IBAN_CODE": _by_check_digit(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", iban),
    "IMEI_HARDWARE_ID": _by_check_digit(r"\d{2}[ -]?\d{6}[ -]?\d{6}[ -]?\d", imei),
    "INDIA_AADHAAR_INDIVIDUAL": _by_check_digit(r"[2-9]\d{3} ?\d{4} ?\d{4}", aadhaar),
    "IP_ADDRESS": _by_form(
        r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
        r"|(?<![\w.:])[0-9A-Fa-f]*(?::[0-9A-Fa-f]*){2,7}(?![\w:]|\.\d)",
        _LIKELY,
        _is_address,
    ),
    "ITALY_FISCAL_CODE": _by_check_digit(
        r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", codicefiscale
    ),
    "JSON_WEB_TOKEN": _by_form(r"(?<![\w-])eyJ[\w-]+\.eyJ[\w-]+\.[\w-]*", _SURE),
    "MAC_ADDRESS": _by_form(r"(?<![\w:-])[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}(?![\w:-])", _SURE),
    "NETHERLANDS_BSN_NUMBER": _by_check_digit(r"\d{4}\.?\d{2}\.?\d{3}", bsn),
    "PHONE_NUMBER": _find_phone_numbers,
    "POLAND_PESEL_NUMBER": _by_check_digit(r"\d{11}", pesel),
    "SPAIN_NIF_NUMBER": _by_check_digit(r"[XYZ\d]\d{7}-?[A-Z]", nif),
    "SWEDEN_NATIONAL_ID_NUMBER": _by_check_digit(r"(?:\d\d)?\d{6}[-+]\d{4}", personnummer),
    "SWIFT_CODE": _by_check_digit(r"[A-Z]{6}[A-Z0-9]{2}[A-Z0-9]{3}", bic),
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER": _by_check_digit(r"\d{3}[ -]?\d{3}[ -]?\d{4}", nhs),
    "URL": _by_form(r"\bhttps?://[^\s<>\"']*[^\s<>\"'.,;:!?)]", _SURE),
    "US_EMPLOYER_IDENTIFICATION_NUMBER": _by_check_digit(r"\d{2}-\d{7}", ein),
    "US_INDIVIDUAL_TAXPAYER_IDENTIFICATION_NUMBER": _by_check_digit(r"\d{3}-?\d{2}-?\d{4}", itin),
    "US_SOCIAL_SECURITY_NUMBER": _by_check_digit(r"\d{3}-?\d{2}-?\d{4}", ssn),
    "US_TOLLFREE_PHONE_NUMBER": _find_toll_free_numbers,
}
# what is looked for when nothing is named; numbers of single countries would often be found in vain
BASIC = (
    "AWS_CREDENTIALS",
    "CREDIT_CARD_NUMBER",
    "EMAIL_ADDRESS",
    "GCP_API_KEY",
    "IBAN_CODE",
    "IP_ADDRESS",
    "JSON_WEB_TOKEN",
    "MAC_ADDRESS",
    "PHONE_NUMBER",
    "US_SOCIAL_SECURITY_NUMBER",
)
