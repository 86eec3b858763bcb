"""A service account that only this localcloud accepts.

Google's clients refuse to start without credentials. The key is made on this machine, is worth
nothing anywhere else and never leaves the secrets folder.
"""

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from localcloud.files import write_private

PROJECT = "localcloud-project"


def write_service_account(path: Path) -> None:
    """Write a service account key file, unless there is one."""
    if path.is_file():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "localcloud",
        "private_key": pem.decode(),
        "client_email": f"localcloud@{PROJECT}.iam.gserviceaccount.com",
        "client_id": "1",
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    write_private(path, json.dumps(account, indent=2).encode())
