"""Inspect and de-identify templates by Google's own client."""

import pytest
from google.api_core.exceptions import AlreadyExists, InvalidArgument, NotFound
from google.cloud.dlp_v2 import DlpServiceClient

from tests.dlp.conftest import PARENT
from tests.vertex import refuses, unique


def test_an_inspect_template_lives(dlp: DlpServiceClient) -> None:
    parent = f"projects/{unique()}/locations/global"
    config = {"info_types": [{"name": "EMAIL_ADDRESS"}], "include_quote": True}
    made = dlp.create_inspect_template(
        request={
            "parent": parent,
            "inspect_template": {"display_name": "mail", "inspect_config": config},
            "template_id": "mail",
        }
    )
    assert made.name == f"{parent}/inspectTemplates/mail"
    item = {"value": "jo@b.org (206) 555-0123"}
    request = {"parent": parent, "inspect_template_name": made.name, "item": item}
    (finding,) = dlp.inspect_content(request=request).result.findings
    assert finding.quote == "jo@b.org"
    changed = dlp.update_inspect_template(
        request={
            "name": made.name,
            "inspect_template": {"inspect_config": {"info_types": [{"name": "PHONE_NUMBER"}]}},
            "update_mask": {"paths": ["inspect_config"]},
        }
    )
    assert (changed.display_name, changed.create_time) == ("mail", made.create_time)
    assert list(dlp.list_inspect_templates(parent=parent)) == [changed]
    (finding,) = dlp.inspect_content(request=request).result.findings
    assert finding.info_type.name == "PHONE_NUMBER"
    with refuses(AlreadyExists):
        dlp.create_inspect_template(
            request={"parent": parent, "inspect_template": {}, "template_id": "mail"}
        )
    dlp.delete_inspect_template(name=made.name)
    with refuses(NotFound):
        dlp.inspect_content(request=request)


def test_a_deidentify_template_lives(dlp: DlpServiceClient) -> None:
    parent = f"projects/{unique()}"
    redact = {"primitive_transformation": {"redact_config": {}}}
    config = {"info_type_transformations": {"transformations": [redact]}}
    made = dlp.create_deidentify_template(
        request={"parent": parent, "deidentify_template": {"deidentify_config": config}}
    )
    assert dlp.get_deidentify_template(name=made.name) == made
    answer = dlp.deidentify_content(
        request={
            "parent": parent,
            "deidentify_template_name": made.name,
            "item": {"value": "to jo@b.org."},
        }
    )
    assert answer.item.value == "to ."
    assert answer.overview.transformed_bytes == 8
    described = dlp.update_deidentify_template(
        request={"name": made.name, "deidentify_template": {"description": "d"}}
    )
    assert list(dlp.list_deidentify_templates(parent=parent)) == [described]
    dlp.delete_deidentify_template(name=made.name)
    assert not list(dlp.list_deidentify_templates(parent=parent))


def test_a_template_of_another_kind_is_refused(grpc_dlp: DlpServiceClient) -> None:
    parent = f"projects/{unique()}"
    redact = {"primitive_transformation": {"redact_config": {}}}
    config = {"info_type_transformations": {"transformations": [redact]}}
    made = grpc_dlp.create_deidentify_template(
        request={"parent": parent, "deidentify_template": {"deidentify_config": config}}
    )
    request = {"parent": parent, "inspect_template_name": made.name, "item": {"value": "x"}}
    with refuses(InvalidArgument, match="inspect_template_name"):
        grpc_dlp.inspect_content(request=request)


@pytest.mark.parametrize(
    ("template", "template_id", "told"),
    [
        ({"inspect_config": {"custom_info_types": [{"regex": {"pattern": "a"}}]}}, "", "name"),
        ({}, "a/b", "malformed"),
    ],
)
def test_a_bad_template_is_refused(
    grpc_dlp: DlpServiceClient, template: dict[str, object], template_id: str, told: str
) -> None:
    with refuses(InvalidArgument, match=told):
        grpc_dlp.create_inspect_template(
            request={"parent": PARENT, "inspect_template": template, "template_id": template_id}
        )
