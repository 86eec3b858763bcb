"""Small components that several tests use."""

from kfp import dsl

from tests.pipelines.pipeline_client import IMAGE

component = dsl.component(base_image=IMAGE, install_kfp_package=False)


@component
def echo(value: str) -> str:
    return value


@component
def double(number: int) -> int:
    return 2 * number


@component
def make(text: str) -> dsl.Dataset:
    dataset = dsl.Dataset(uri=dsl.get_uri(), metadata={"length": len(text)})
    with open(dataset.path, "w") as file:
        file.write(text)
    return dataset


@component
def read(data: dsl.Dataset) -> str:
    with open(data.path) as file:
        return file.read()


@component
def describe(text: str = None, number: int = None, data: dsl.Input[dsl.Dataset] = None) -> str:  # noqa: RUF013 - KFP's way
    return f"{text} {number} {data and data.metadata.get('length')}"
