"""What TFX's Transform and Trainer call: the preprocessing and the model of `mlops.training`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
import tensorflow_transform as tft
from tfx_bsl.public.tfxio import TensorFlowDatasetOptions

from mlops.features import Features
from mlops.settings import Training
from mlops.training.model import build_loss, build_metric, build_model
from mlops.training.preprocessing import make_preprocessing_fn

if TYPE_CHECKING:
    from tfx.v1.components import FnArgs

    from mlops.features import Column

Tensors = dict[str, tf.Tensor]


def preprocessing_fn(inputs: Tensors, custom_config: dict[str, Any]) -> Tensors:
    """Raw columns, the label among them, to what the model reads, and the label as it is."""
    features = Features.model_validate(custom_config["features"])
    columns = (*features.inputs, features.label)
    raw = {column.name: _dense(inputs[column.name], column) for column in columns}
    label = features.label.name
    return {**make_preprocessing_fn(features)(raw), label: raw[label]}


def run_fn(fn_args: FnArgs) -> None:
    """Trains on transformed examples, and saves the model with its preprocessing."""
    features = Features.model_validate(fn_args.custom_config["features"])
    training = Training.model_validate(fn_args.custom_config["training"])
    keras.utils.set_random_seed(training.seed)
    graph = tft.TFTransformOutput(fn_args.transform_output)
    model = build_model(features, training)
    model.compile(
        optimizer=keras.optimizers.Adam(training.learning_rate),
        loss=build_loss(features),
        metrics=[build_metric(features)],
    )
    train, held_out = (
        _read(fn_args, files, features, training, graph)
        for files in (fn_args.train_files, fn_args.eval_files)
    )
    stop = keras.callbacks.EarlyStopping(patience=training.patience, restore_best_weights=True)
    model.fit(train, validation_data=held_out, epochs=training.epochs, callbacks=[stop], verbose=2)
    _save(model, features, graph, fn_args.serving_model_dir)


def _read(
    fn_args: FnArgs,
    files: list[str],
    features: Features,
    training: Training,
    graph: tft.TFTransformOutput,
) -> tf.data.Dataset:
    """One epoch of transformed inputs by name, and the labels, both of shape [batch, 1]."""
    options = TensorFlowDatasetOptions(batch_size=training.batch_size, num_epochs=1)
    schema = graph.transformed_metadata.schema
    dataset = fn_args.data_accessor.tf_dataset_factory(files, options, schema)

    def split(example: Tensors) -> tuple[Tensors, tf.Tensor]:
        inputs = {each.name: example[each.name] for each in features.transformed}
        return inputs, tf.cast(tf.reshape(example[features.label.name], [-1, 1]), tf.float32)

    return dataset.map(split).prefetch(tf.data.AUTOTUNE)


def _save(
    model: keras.Model, features: Features, graph: tft.TFTransformOutput, output: str
) -> None:
    """A SavedModel that reads serialized tf.train.Examples, with their label or without."""
    module = tf.Module()
    module.model = model
    module.graph = tf.saved_model.load(graph.transform_savedmodel_dir)
    specification = graph.raw_feature_spec()

    def serve(examples: tf.Tensor) -> Tensors:
        transformed = module.graph.transform_fn(tf.io.parse_example(examples, specification))
        inputs = {each.name: transformed[each.name] for each in features.transformed}
        return {"prediction": model(inputs, training=False)}

    signature = tf.function(serve, input_signature=[tf.TensorSpec([None], tf.string, "examples")])
    tf.saved_model.save(module, output, signatures={"serving_default": signature})


def _dense(values: tf.Tensor | tf.SparseTensor, column: Column) -> tf.Tensor:
    """A column of at most one value a row as [batch]; what is missing gets the default."""
    if isinstance(values, tf.SparseTensor):
        fill = column.fill if column.fill is not None else "" if column.type == "STRING" else 0
        values = tft.sparse_tensor_to_dense_with_shape(values, [None, 1], default_value=fill)
    return tf.reshape(values, [-1])
