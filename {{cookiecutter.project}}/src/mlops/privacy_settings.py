"""How personal data is found, hidden and erased: `privacy:` in config/ as types."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

InfoType = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Likelihood = Literal["VERY_UNLIKELY", "UNLIKELY", "POSSIBLE", "LIKELY", "VERY_LIKELY"]
INFO_TYPES: tuple[InfoType, ...] = (
    "CREDIT_CARD_NUMBER",
    "EMAIL_ADDRESS",
    "IBAN_CODE",
    "IP_ADDRESS",
    "PHONE_NUMBER",
    "US_SOCIAL_SECURITY_NUMBER",
)


class Section(BaseModel):
    """A part of the settings that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Inspection(Section):
    """What DLP looks for, and what stops a run.

    Attributes:
        info_types: DLP's names of what counts as personal data.
        min_likelihood: from which likelihood on something counts.
        on_finding: whether a finding stops the run, or is only told.
        sample_rows: of how many rows of an extract the values are sent.
        allowed: info types that may stand in a column.
    """

    info_types: tuple[InfoType, ...] = Field(default=INFO_TYPES, min_length=1)
    min_likelihood: Likelihood = "POSSIBLE"
    on_finding: Literal["block", "report"] = "block"
    sample_rows: int = Field(default=1000, ge=1, le=100_000)
    allowed: dict[str, tuple[InfoType, ...]] = {}


class Key(Section):
    """The key of tokens and of erased subjects' names: an AES key that a key of KMS wrapped.

    Attributes:
        kms_key: the full name of the key of KMS.
        wrapped_key: what it wrapped, as base64; of no use to who may not use the key of KMS.
    """

    kms_key: str = Field(
        pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$"
    )
    wrapped_key: str = Field(pattern=r"^[A-Za-z0-9+/]+={0,2}$")


class KAnonymity(Section):
    """By which columns somebody could be told apart, and how many rows must look alike.

    Attributes:
        quasi_identifiers: columns of the table.
        k: how many rows must share each combination of their values.
    """

    quasi_identifiers: tuple[str, ...] = ()
    k: int = Field(default=5, ge=2)


class Privacy(Section):
    """How personal data is found, hidden and erased.

    Attributes:
        inspection: what the pipelines that train look for.
        key: of tokens and erased subjects; without one, neither can be made.
        shift_days: how far dates are moved at most, to either side.
        subject: the column that tells whose row it is; by default the identifier.
        retrain_days: how long after an erasure models that learned from the subject may stay.
        k_anonymity: what `mlops privacy k-anonymity` measures.
    """

    inspection: Inspection = Inspection()
    key: Key | None = None
    shift_days: int = Field(default=30, ge=1, le=3650)
    subject: str | None = Field(default=None, pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")
    retrain_days: int = Field(default=30, ge=0)
    k_anonymity: KAnonymity = KAnonymity()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for column, names in self.inspection.allowed.items():
            unknown = sorted(set(names) - set(self.inspection.info_types))
            if unknown:
                raise ValueError(
                    f"privacy.inspection.allowed.{column} names {unknown[0]}, which"
                    " privacy.inspection.info_types does not look for: leave it out"
                )
        return self
