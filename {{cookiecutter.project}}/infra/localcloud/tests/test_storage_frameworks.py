"""TensorFlow's gs:// and Beam on Cloud Storage, through the front door.

They need the `ml` image's environment: `LOCALCLOUD_TEST_ML_PYTHON` names its Python.
"""

import os
import textwrap

import pytest

from tests.conftest import Localcloud

PYTHON = os.environ.get("LOCALCLOUD_TEST_ML_PYTHON", "")
pytestmark = pytest.mark.skipif(not PYTHON, reason="LOCALCLOUD_TEST_ML_PYTHON is not set")


def run(localcloud: Localcloud, program: str) -> None:
    localcloud.run([PYTHON, "-c", textwrap.dedent(program)])


def test_tensorflow_file_system(localcloud: Localcloud) -> None:
    run(
        localcloud,
        """
        import os
        import tensorflow as tf
        from google.cloud import storage

        bucket = storage.Client(project="p").create_bucket("tensorflow-files")
        root, files = "gs://tensorflow-files", tf.io.gfile

        def write(name, content, mode="wb"):
            with files.GFile(f"{root}/{name}", mode) as file:
                file.write(content)

        def read(name):
            return files.GFile(f"{root}/{name}", "rb").read()

        write("a/x", b"hello")
        write("a/x", b" more", "ab")
        assert read("a/x") == b"hello more"
        write("a/empty", b"")
        assert read("a/empty") == b"" and files.stat(f"{root}/a/empty").length == 0
        large = os.urandom(9 << 20)
        write("large", large)
        assert read("large") == large
        file = files.GFile(f"{root}/large", "rb")
        file.seek(5_000_000)
        assert file.read(9) == large[5_000_000:5_000_009]
        assert files.exists(f"{root}/a/x") and not files.exists(f"{root}/a/y")
        assert files.isdir(f"{root}/a") and not files.isdir(f"{root}/a/x")
        files.makedirs(f"{root}/made/by/hand")
        assert files.isdir(f"{root}/made/by/hand")
        assert sorted(files.listdir(f"{root}/a")) == ["empty", "x"]
        assert files.glob(f"{root}/a/*") == [f"{root}/a/empty", f"{root}/a/x"]
        write("ü/sp ace+%.txt", b"odd")
        assert read("ü/sp ace+%.txt") == b"odd"
        files.rename(f"{root}/a", f"{root}/b")
        files.copy(f"{root}/b/x", f"{root}/c")
        assert read("b/x") == read("c") == b"hello more"
        files.rmtree(f"{root}/b")
        files.remove(f"{root}/c")
        assert not list(bucket.list_blobs(prefix="a")) + list(bucket.list_blobs(prefix="b"))
        try:
            read("missing")
            raise AssertionError
        except tf.errors.NotFoundError:
            pass
        """,
    )


def test_tensorflow_records_and_models(localcloud: Localcloud) -> None:
    run(
        localcloud,
        """
        import tensorflow as tf
        from google.cloud import storage

        storage.Client(project="p").create_bucket("tensorflow-models")
        root = "gs://tensorflow-models"

        class Triple(tf.Module):
            @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
            def __call__(self, x):
                return 3 * x

        with tf.io.TFRecordWriter(f"{root}/data") as writer:
            for _ in range(1000):
                writer.write(b"x" * 1000)
        assert sum(1 for _ in tf.data.TFRecordDataset(f"{root}/data")) == 1000
        for _ in range(2):  # the second time over the first
            tf.saved_model.save(Triple(), f"{root}/model/1")
        assert float(tf.saved_model.load(f"{root}/model/1")(2.0)) == 6.0
        """,
    )
    model = localcloud.home / "storage" / "tensorflow-models" / "model" / "1"
    assert (model / "saved_model.pb").is_file()


def test_beam(localcloud: Localcloud) -> None:
    run(
        localcloud,
        """
        import apache_beam as beam
        from apache_beam.io.filesystems import FileSystems
        from apache_beam.io.gcp.gcsio import GcsIO
        from apache_beam.testing.util import assert_that, equal_to
        from google.cloud import storage

        storage.Client(project="p").create_bucket("beam-files")
        root = "gs://beam-files"
        with beam.Pipeline() as pipeline:
            lines = pipeline | beam.Create([str(number) for number in range(1000)])
            lines | beam.io.WriteToText(f"{root}/out/part", num_shards=3)
        with beam.Pipeline() as pipeline:
            lines = pipeline | beam.io.ReadFromText(f"{root}/out/part*")
            assert_that(lines | beam.combiners.Count.Globally(), equal_to([1000]))
        files = [found.path for found in FileSystems.match([f"{root}/**"])[0].metadata_list]
        assert files == [f"{root}/out/part-{n:05}-of-00003" for n in range(3)]
        client = GcsIO()
        client.rename(files[0], f"{root}/moved")
        assert client.exists(f"{root}/moved") and not client.exists(files[0])
        client.delete_batch(files[1:])
        assert [found for found, _ in client.list_files(f"{root}/")] == [f"{root}/moved"]
        """,
    )
