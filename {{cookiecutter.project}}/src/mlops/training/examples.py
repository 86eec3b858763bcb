"""Read transformed examples, fast enough that training does not wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from mlops.data.query import Split

if TYPE_CHECKING:
    from mlops.features import Features
    from mlops.settings import Training

SHUFFLED_EXAMPLES = 100_000


def read_examples(
    features: Features,
    training: Training,
    transformed: str,
    split: Split,
    epoch: int | tf.Variable = 0,
) -> tf.data.Dataset:
    """Batches of one split: transformed inputs by name, and the label, each of shape [batch].

    The order of `train` follows from the seed and the epoch alone; if that is an int64 variable,
    each iteration reads it. Several machines each read their share of the examples: a batch is one
    of all of them together.
    """
    files = sorted(tf.io.gfile.glob(f"{transformed}/{split}/*.tfrecord.gz"))
    spec = example_spec(features)
    label = features.label.name
    as_it_is = tf.autograph.experimental.do_not_convert  # there is no Python to convert

    def shuffle(records: tf.data.Dataset) -> tf.data.Dataset:
        seed = training.seed + tf.convert_to_tensor(epoch, tf.int64)
        return records.shuffle(SHUFFLED_EXAMPLES, seed=seed)

    def parse(serialized: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor]:
        example = tf.io.parse_example(serialized, spec)
        return example, tf.cast(example.pop(label), tf.float32)

    dataset = tf.data.TFRecordDataset(
        files, compression_type="GZIP", num_parallel_reads=tf.data.AUTOTUNE
    )
    if split is Split.TRAIN:
        dataset = tf.data.Dataset.from_tensors(dataset).flat_map(as_it_is(shuffle))
    batches = dataset.batch(training.batch_size).map(
        as_it_is(parse), num_parallel_calls=tf.data.AUTOTUNE
    )
    return batches.prefetch(tf.data.AUTOTUNE).with_options(_share_examples())


def weigh(labels: tf.Tensor, training: Training) -> tf.Tensor:
    """How much each example counts in the loss; of the labels' shape and type."""
    return tf.where(labels == 1, tf.cast(training.positive_weight, labels.dtype), 1)


def _share_examples() -> tf.data.Options:
    """By example: a small split is one file, which no other machine would get anything of."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options


def example_spec(features: Features) -> dict[str, tf.io.FixedLenFeature]:
    """What a transformed example holds: the inputs and the label."""
    types = {each.name: tf.dtypes.as_dtype(each.dtype) for each in features.transformed}
    types[features.label.name] = tf.float32 if features.label.type == "FLOAT" else tf.int64
    return {name: tf.io.FixedLenFeature([], kind) for name, kind in types.items()}
