"""Hide personal data: from one table to another, through DLP."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from mlops.errors import UserError
from mlops.features import TABLE, Treatment
from mlops.privacy.inspection import Finding, inspect, inspect_config
from mlops.privacy.portions import BYTES_A_VALUE, ask_in_order, patience, portions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from google.cloud import bigquery, dlp_v2

    from mlops.features import Features
    from mlops.privacy_settings import Key, Privacy

Row = dict[str, Any]

# DLP takes 524,288 bytes and 50,000 values at once
_LARGEST = 300_000
_MOST_VALUES = 50_000
_MOST_ROWS = 1000
_KEYED = (Treatment.TOKEN, Treatment.DATE_SHIFT)


class DeidentificationError(UserError):
    """The table cannot be de-identified as it is declared."""


def deidentify(
    client: bigquery.Client,
    dlp: dlp_v2.DlpServiceClient,
    parent: str,
    features: Features,
    privacy: Privacy,
    target: str,
) -> Iterator[str]:
    """Writes the declared table to another one, each column as its `privacy` says.

    The target is replaced as a whole, once DLP finds nothing in a sample of its texts any more.

    Args:
        client: reads and writes the tables.
        dlp: hides and inspects.
        parent: `projects/PROJECT/locations/LOCATION`.
        features: the declaration of the data, with the treatments.
        privacy: the settings.
        target: `PROJECT.DATASET.TABLE`.

    Returns:
        What was done, line by line.

    Raises:
        DeidentificationError: the target is the source, no column has a treatment, the table lacks
            one that has, or has no rows, the key is missing, or personal data is left; nothing was
            written.
    """
    treated = {column.name: column.privacy for column in features.columns if column.privacy}
    _check(features, treated, privacy, target)
    client.get_dataset(target.rpartition(".")[0])  # if it is missing, before a row is sent
    source = client.get_table(features.table)
    _check_columns({field.name for field in source.schema}, features, treated, privacy)
    schema = [field for field in source.schema if treated.get(field.name) is not Treatment.DROP]
    config = deidentify_config(features, treated, privacy)
    rows = (dict(row.items()) for row in client.list_rows(source))
    changed = _transform(dlp, parent, rows, treated, config, privacy)
    every = max(1, (source.num_rows or 0) // privacy.inspection.sample_rows)
    with TemporaryFile() as file:  # without a name, and gone with the process
        count, texts = _write(file, changed, every)
        if not count:
            raise DeidentificationError(f"{features.table} has no rows: nothing was written.")
        _check_texts(inspect(dlp, parent, texts, privacy.inspection))
        _load(client, file, schema, target)
    for name, treatment in treated.items():
        yield f"  {name:<28}  {treatment}"
    yield f"{count} rows in {target}; DLP finds no personal data in a sample of their texts."


def _write(file: IO[bytes], rows: Iterable[Row], every: int) -> tuple[int, dict[str, list[str]]]:
    """Writes rows as BigQuery reads them; counts them, and gives the texts of some by column."""
    count = 0
    texts: dict[str, dict[str, None]] = {}
    for row in rows:
        file.write(json.dumps(row, default=_plain).encode() + b"\n")
        if count % every == 0:
            for name, value in row.items():
                texts.setdefault(name, {}).update(dict.fromkeys(_texts(value)))
        count += 1
    return count, {name: list(found) for name, found in texts.items() if found}


def _check_texts(findings: Sequence[Finding]) -> None:
    if findings:
        left = ", ".join(f"{each.column} ({each.count} {each.info_type})" for each in findings)
        raise DeidentificationError(
            f"Nothing was written: DLP still finds personal data in {left}; give these columns a"
            " privacy treatment in config/features.yaml, or allow it by privacy.inspection.allowed."
        )


def _load(
    client: bigquery.Client, file: IO[bytes], schema: Sequence[bigquery.SchemaField], target: str
) -> None:
    """Replaces the target by the rows of a file."""
    from google.cloud import bigquery

    job = bigquery.LoadJobConfig(
        schema=schema,
        source_format=bigquery.SourceFormat.NEWLINE_DELIMITED_JSON,
        write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
    )
    client.load_table_from_file(file, target, rewind=True, job_config=job).result()


def deidentify_config(
    features: Features, treated: Mapping[str, Treatment], privacy: Privacy
) -> dict[str, Any]:
    """What DLP is to do with each column."""
    key = crypto_key(privacy.key) if privacy.key else {}
    primitives: dict[Treatment, dict[str, Any]] = {
        Treatment.TOKEN: {"crypto_deterministic_config": {"crypto_key": key}},
        Treatment.MASK: {"character_mask_config": {}},
        Treatment.DATE_SHIFT: {
            "date_shift_config": {
                "lower_bound_days": -privacy.shift_days,
                "upper_bound_days": privacy.shift_days,
                "context": {"name": subject_of(features, privacy)},
                "crypto_key": key,
            }
        },
    }
    found: dict[str, Any] = {"primitive_transformation": {"replace_with_info_type_config": {}}}
    transformations = []
    for name, treatment in treated.items():
        field: dict[str, Any] = {"fields": [{"name": name}]}
        if treatment in primitives:
            field["primitive_transformation"] = primitives[treatment]
        elif treatment is Treatment.REDACT:
            field["info_type_transformations"] = {"transformations": [found]}
        else:
            continue
        transformations.append(field)
    return {"record_transformations": {"field_transformations": transformations}}


def crypto_key(key: Key) -> dict[str, Any]:
    """The key as DLP is told of it; KMS unwraps it there."""
    wrapped = base64.b64decode(key.wrapped_key)
    return {"kms_wrapped": {"wrapped_key": wrapped, "crypto_key_name": key.kms_key}}


def subject_of(features: Features, privacy: Privacy) -> str:
    """The table's column that tells whose row it is."""
    return privacy.subject or features.identifier.name


def _check(
    features: Features, treated: Mapping[str, Treatment], privacy: Privacy, target: str
) -> None:
    if not re.fullmatch(TABLE, target):
        raise DeidentificationError(f"{target!r} is no table: write PROJECT.DATASET.TABLE.")
    if target == features.table:
        raise DeidentificationError(f"{target} is the source itself: name another table.")
    if not treated:
        raise DeidentificationError(
            "No column of config/features.yaml has a privacy treatment: give one, such as"
            " `privacy: token`."
        )
    keyed = [name for name, treatment in treated.items() if treatment in _KEYED]
    if keyed and privacy.key is None:
        raise DeidentificationError(
            f"The treatment of {keyed[0]} needs privacy.key in config/: base.yaml there tells how"
            " to make one."
        )


def _check_columns(
    there: Collection[str],
    features: Features,
    treated: Mapping[str, Treatment],
    privacy: Privacy,
) -> None:
    """Refuses a table that lacks a column of which DLP would be told."""
    lacking = [name for name in treated if name not in there]
    if lacking:
        raise DeidentificationError(
            f"{features.table} has no column {lacking[0]}, to which config/features.yaml gives a"
            " privacy treatment: correct its name, or take the treatment away."
        )
    subject = subject_of(features, privacy)
    if Treatment.DATE_SHIFT in treated.values() and subject not in there:
        raise DeidentificationError(
            f"{features.table} has no column {subject}, which tells whose row it is: name another"
            " by privacy.subject in config/."
        )


def _transform(
    dlp: dlp_v2.DlpServiceClient,
    parent: str,
    rows: Iterable[Row],
    treated: Mapping[str, Treatment],
    config: Mapping[str, Any],
    privacy: Privacy,
) -> Iterator[Row]:
    """The rows as they become, in their order; only treated columns and the subject are sent."""
    names, sent = _columns(config)
    dropped = [name for name, treatment in treated.items() if treatment is Treatment.DROP]
    ask = patience()(dlp.deidentify_content)
    most = min(_MOST_ROWS, _MOST_VALUES // max(1, len(sent)))

    def change(part: Sequence[Row]) -> list[Row]:
        request = {
            "parent": parent,
            "deidentify_config": config,
            "inspect_config": inspect_config(privacy.inspection),
            "item": {"table": _table(part, sent)},
        }
        table = ask(request=request).item.table
        changed = []
        for row, answer in zip(part, table.rows, strict=True):
            values = dict(zip(sent, answer.values, strict=True))
            new = {name: _read(values[name]) for name in names}
            changed.append(row | new)
        return changed

    def size(row: Row) -> int:
        return sum(len(str(row[name]).encode()) + BYTES_A_VALUE for name in sent)

    parts = portions(rows, size, _LARGEST, most)
    for part in ask_in_order(change, parts) if sent else parts:  # DLP refuses to do nothing
        for row in part:
            yield {name: value for name, value in row.items() if name not in dropped}


def _columns(config: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The columns that DLP changes, and those that it is sent: by the subject it shifts dates."""
    fields = config["record_transformations"]["field_transformations"]
    names = [each["fields"][0]["name"] for each in fields]
    contexts = [
        each["primitive_transformation"]["date_shift_config"]["context"]["name"]
        for each in fields
        if "date_shift_config" in each.get("primitive_transformation", {})
    ]
    return names, list(dict.fromkeys([*names, *contexts]))


def _table(rows: Iterable[Row], names: Sequence[str]) -> dict[str, Any]:
    return {
        "headers": [{"name": name} for name in names],
        "rows": [{"values": [_cell(row[name]) for name in names]} for row in rows],
    }


def _cell(value: Any) -> dict[str, Any]:
    """A value as DLP is sent it."""
    match value:
        case None:
            return {}
        case datetime():
            return {"timestamp_value": value}
    return {"string_value": str(value)}


def _read(value: dlp_v2.Value) -> Any:
    if "timestamp_value" in value:
        return value.timestamp_value
    return value.string_value if "string_value" in value else None


def _texts(value: Any) -> Iterator[str]:
    """The texts that a value is or holds: it may be an array or a record."""
    match value:
        case str():
            yield from [value] if value else []
        case list():
            for each in value:
                yield from _texts(each)
        case dict():
            yield from _texts(list(value.values()))


def _plain(value: Any) -> str:
    """A value that JSON does not know, as BigQuery reads it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):  # a DATETIME has no time zone, and may have none
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
    return str(value)
