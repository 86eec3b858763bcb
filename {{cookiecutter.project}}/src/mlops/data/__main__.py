"""Print the TensorFlow Data Validation schema of config/: `python -m mlops.data`.

Runs in the environment of the ml image; `make schema` writes it to config/schema.pbtxt.
"""

from google.protobuf import text_format

from mlops.data.schema import build_schema
from mlops.errors import UserError
from mlops.settings import load_features

if __name__ == "__main__":
    try:
        features = load_features()
    except UserError as error:
        raise SystemExit(f"Error: {error}") from None
    print(text_format.MessageToString(build_schema(features)), end="")
