"""The schemas of managed datasets: their kinds, and the formats of what is imported into them.

Google publishes them as YAML files below `gs://google-cloud-aiplatform/schema/dataset/`, which
clients name by their URIs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from google.api_core.exceptions import InvalidArgument

ROOT = "gs://google-cloud-aiplatform/schema/dataset"


@dataclass(frozen=True)
class Kind:
    """A kind of dataset; one without items names a table or CSV files in its metadata."""

    name: str
    title: str
    has_items: bool = True

    @property
    def uri_field(self) -> str:
        """What the URI of an item's file is called in import files, payloads and exports."""
        return f"{self.name}GcsUri"

    @property
    def item_schema_uri(self) -> str:
        """The schema of an item's payload."""
        return f"{ROOT}/dataitem/{self.name}_1.0.0.yaml"


class Columns(Enum):
    """What follows the file's URI in a line of an import file in CSV."""

    LABEL = "a label"
    LABELS = "labels"
    BOX = "a label and the corners of a box"
    SENTIMENT = "a sentiment and the largest one"
    SEGMENT = "a label, a start and an end"
    NONE = "nothing that CSV can say"


@dataclass(frozen=True)
class Format:
    """The format of an import file: its JSONL `field` holds an annotation, or a list of them."""

    kind: str
    title: str
    file: str
    annotation: str
    field: str
    columns: Columns

    @property
    def uri(self) -> str:
        """The URI that clients name it by."""
        return f"{ROOT}/ioformat/{self.file}_io_format_1.0.0.yaml"

    @property
    def annotation_schema_uri(self) -> str:
        """The schema of the payload of the annotations that it makes."""
        return f"{ROOT}/annotation/{self.annotation}_1.0.0.yaml"

    @property
    def has_many(self) -> bool:
        """Whether an item may have several annotations."""
        return self.field.endswith("s")


KINDS: Mapping[str, Kind] = {
    f"{ROOT}/metadata/{kind.name}_1.0.0.yaml": kind
    for kind in (
        Kind("tabular", "TABLE", has_items=False),
        Kind("time_series", "TIME_SERIES", has_items=False),
        Kind("image", "IMAGE"),
        Kind("text", "TEXT"),
        Kind("video", "VIDEO"),
    )
}

_CLASSIFICATION, _CLASSIFICATIONS = "classificationAnnotation", "classificationAnnotations"
_SEGMENTS = "timeSegmentAnnotations"
_FORMATS = (
    ("image", "ClassificationSingleLabel", "classification", _CLASSIFICATION, Columns.LABEL),
    ("image", "ClassificationMultiLabel", "classification", _CLASSIFICATIONS, Columns.LABELS),
    ("image", "BoundingBox", "bounding_box", "boundingBoxAnnotations", Columns.BOX),
    ("image", "Segmentation", "segmentation", "segmentationAnnotation", Columns.NONE),
    ("text", "ClassificationSingleLabel", "classification", _CLASSIFICATION, Columns.LABEL),
    ("text", "ClassificationMultiLabel", "classification", _CLASSIFICATIONS, Columns.LABELS),
    ("text", "Extraction", "extraction", "textSegmentAnnotations", Columns.NONE),
    ("text", "Sentiment", "sentiment", "sentimentAnnotation", Columns.SENTIMENT),
    ("video", "ActionRecognition", "action_recognition", _SEGMENTS, Columns.SEGMENT),
    ("video", "Classification", "classification", _SEGMENTS, Columns.SEGMENT),
    ("video", "ObjectTracking", "object_tracking", "temporalBoundingBoxAnnotations", Columns.NONE),
)


def _snake(title: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in title)


FORMATS: Mapping[str, Format] = {
    made.uri: made
    for made in (
        Format(
            kind=kind,
            title=f"{kind.title()}{title}",
            file=f"{kind}{_snake(title)}",
            annotation=f"{kind}_{annotation}",
            field=field,
            columns=columns,
        )
        for kind, title, annotation, field, columns in _FORMATS
    )
}


def kind_of(metadata_schema_uri: str) -> Kind:
    """The kind of dataset that a metadata schema stands for.

    Raises:
        InvalidArgument: there is no such schema.
    """
    if metadata_schema_uri not in KINDS:
        raise InvalidArgument(
            f"metadata_schema_uri is {metadata_schema_uri!r}; use one of {', '.join(KINDS)}."
        )
    return KINDS[metadata_schema_uri]


def format_of(import_schema_uri: str, kind: Kind) -> Format:
    """The import format that a schema stands for.

    Raises:
        InvalidArgument: there is no such schema for this kind of dataset.
    """
    known = [made.uri for made in FORMATS.values() if made.kind == kind.name]
    if import_schema_uri not in known:
        raise InvalidArgument(
            f"import_schema_uri is {import_schema_uri!r}; a dataset of kind {kind.name} takes"
            f" {', '.join(known)}."
        )
    return FORMATS[import_schema_uri]
