"""Trains a classifier of iris flowers; runs inside a training container."""

import argparse
import os

import hypertune
import joblib
from google.cloud import storage
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--trees", type=int, default=50)
parser.add_argument("--depth", type=int, default=4)
arguments = parser.parse_args()

flowers = load_iris()
train_x, test_x, train_y, test_y = train_test_split(
    flowers.data, flowers.target, test_size=0.3, random_state=7
)
model = RandomForestClassifier(arguments.trees, max_depth=arguments.depth, random_state=7)
model.fit(train_x, train_y)
accuracy = model.score(test_x, test_y)
print(f"accuracy {accuracy:.3f} with {arguments.trees} trees of depth {arguments.depth}")
hypertune.HyperTune().report_hyperparameter_tuning_metric("accuracy", accuracy)

joblib.dump(model, "model.joblib")
blob = storage.Blob.from_string(
    os.environ["AIP_MODEL_DIR"].rstrip("/") + "/model.joblib", client=storage.Client()
)
blob.upload_from_filename("model.joblib")
