"""Print the TensorFlow Data Validation schema of config/: `python -m mlops.data`.

Runs in the environment of the ml image; `make schema` writes it to config/schema.pbtxt.
"""

from google.protobuf import text_format

from mlops.data.schema import build_schema
from mlops.settings import load_features

if __name__ == "__main__":
    print(text_format.MessageToString(build_schema(load_features())), end="")
