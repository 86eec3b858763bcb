"""Refuse answers that Google Cloud, Python or a file system would refuse later.

Plain Python before and after rendering: cookiecutter puts the answers, as JSON, into the one
raw string below. JSON escapes quotes and newlines, so no answer can break out of it.
"""

import difflib
import json
import re
import sys

ANSWERS = json.loads(r"""{{ cookiecutter | jsonify }}""")

# https://cloud.google.com/vertex-ai/docs/general/locations: regions with training and prediction
REGIONS = (
    "africa-south1",
    "asia-east1",
    "asia-east2",
    "asia-northeast1",
    "asia-northeast2",
    "asia-northeast3",
    "asia-south1",
    "asia-southeast1",
    "asia-southeast2",
    "australia-southeast1",
    "australia-southeast2",
    "europe-central2",
    "europe-north1",
    "europe-southwest1",
    "europe-west1",
    "europe-west2",
    "europe-west3",
    "europe-west4",
    "europe-west6",
    "europe-west8",
    "europe-west9",
    "europe-west12",
    "me-central1",
    "me-central2",
    "me-west1",
    "northamerica-northeast1",
    "northamerica-northeast2",
    "southamerica-east1",
    "southamerica-west1",
    "us-central1",
    "us-east1",
    "us-east4",
    "us-east5",
    "us-south1",
    "us-west1",
    "us-west2",
    "us-west3",
    "us-west4",
)
# names of packages inside the project, and of devices that Windows cannot use as a folder
RESERVED_NAMES = (
    "aux",
    "con",
    "kfp",
    "localcloud",
    "mlops",
    "nul",
    "prn",
    "pytest",
    "site",
    "src",
    "tensorflow",
    "test",
    "tests",
    "tfx",
)
RESERVED_IN_PROJECT_IDS = ("google", "ssl", "null", "undefined")
ENVIRONMENTS = ("dev", "staging", "prod")
# Not lists in cookiecutter.json: on a word that is none of a list's, cookiecutter shows its own
# traceback, before any hook.
CHOICES = {
    "problem": ("classification", "regression"),
    "trainer": ("custom", "automl", "both"),
    "mlops_level": ("cicd", "pipeline", "manual"),
    "license": ("Apache-2.0", "MIT", "proprietary"),
}
TYPED = (
    "project",
    "description",
    "region",
    *(f"project_id_{name}" for name in ENVIRONMENTS),
    "owner_email",
)


def name_mistake(name: str) -> str | None:
    """What is wrong with the repository's name, or None."""
    if not re.fullmatch(r"[a-z][a-z0-9-]{1,20}[a-z0-9]", name):
        return (
            f"project: {name!r} must be 3 to 22 lower-case letters, digits and hyphens, starting"
            " with a letter and not ending with a hyphen, for example 'taxi-tips'."
        )
    if "--" in name:
        return f"project: {name!r} must not have two hyphens in a row; use one."
    if name in RESERVED_NAMES:
        return f"project: {name!r} is reserved; add a word, for example '{name}-model'."
    return None


def description_mistake(description: str) -> str | None:
    """What is wrong with the description, or None."""
    if not description.strip():
        return "description: it is empty; say in one sentence what the model does."
    if len(description) > 200:
        return f"description: it has {len(description)} characters; shorten it to 200."
    if any("{" + mark in description for mark in ("{", "%", "#")):
        return "description: a brace before another one, % or # opens a template; remove it."
    if not description.isprintable():
        return "description: it has a line break or another control character; write one line."
    return None


def region_mistake(region: str) -> str | None:
    """What is wrong with the region, or None."""
    if region in REGIONS:
        return None
    near = difflib.get_close_matches(region.lower(), REGIONS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else "for example 'us-central1' or 'europe-west4'."
    return f"region: {region!r} is no region that offers Vertex AI; {hint}"


def project_id_mistake(environment: str, project_id: str) -> str | None:
    """What is wrong with the Google Cloud project id of an environment, or None.

    Rules: https://cloud.google.com/resource-manager/docs/creating-managing-projects
    """
    key = f"project_id_{environment}"
    if not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", project_id):
        return (
            f"{key}: {project_id!r} must be 6 to 30 lower-case letters, digits and hyphens,"
            " starting with a letter and not ending with a hyphen, as Google Cloud demands."
        )
    for word in RESERVED_IN_PROJECT_IDS:
        if word in project_id:
            return f"{key}: {project_id!r} holds {word!r}, which Google Cloud reserves; rename it."
    return None


def shared_project_mistake(project_ids: dict[str, str]) -> str | None:
    """Which environments share a Google Cloud project, or None."""
    for first, second in (("dev", "staging"), ("dev", "prod"), ("staging", "prod")):
        if project_ids[first] == project_ids[second]:
            return (
                f"project_id_{second}: {project_ids[second]!r} is also project_id_{first}; give"
                " each environment a project of its own, so that no test can reach production."
            )
    return None


def email_mistake(email: str) -> str | None:
    """What is wrong with the owner's e-mail address, or None."""
    label = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
    atom = r"[A-Za-z0-9!#$%&*+/=?^_`|~-]+"
    if len(email) <= 254 and re.fullmatch(
        rf"{atom}(\.{atom})*@({label}\.)+[A-Za-z][A-Za-z]+", email
    ):
        return None
    return f"owner_email: {email!r} is no e-mail address; write one like 'ml-team@example.com'."


def choice_mistake(name: str, value: str) -> str | None:
    """What is wrong with the answer to a question that offers words, or None."""
    if value in CHOICES[name]:
        return None
    *others, last = CHOICES[name]
    return f"{name}: {value!r} is not offered; write {', '.join(others)} or {last}."


def type_mistake(name: str, value: object) -> str | None:
    """What is wrong with an answer that is no text, as a file of answers may hold; or None."""
    if isinstance(value, str):
        return None
    return f"{name}: {value!r} is no text; put it in quotes."


def mistakes(answers: dict[str, str]) -> list[str]:
    """One sentence for each mistake in the answers, in the order of the prompts."""
    untyped = [type_mistake(name, answers[name]) for name in (*TYPED, *CHOICES)]
    if any(untyped):
        return [mistake for mistake in untyped if mistake]
    project_ids = {name: answers[f"project_id_{name}"] for name in ENVIRONMENTS}
    found = [
        name_mistake(answers["project"]),
        description_mistake(answers["description"]),
        region_mistake(answers["region"]),
        *(project_id_mistake(name, value) for name, value in project_ids.items()),
        shared_project_mistake(project_ids),
        email_mistake(answers["owner_email"]),
        *(choice_mistake(name, answers[name]) for name in CHOICES),
    ]
    return [mistake for mistake in found if mistake]


if __name__ == "__main__":
    found = mistakes(ANSWERS)
    for mistake in found:
        print(mistake, file=sys.stderr)
    sys.exit(1 if found else 0)
