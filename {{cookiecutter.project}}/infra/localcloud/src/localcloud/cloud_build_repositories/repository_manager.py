"""RepositoryManager: connections are kept, and nobody is asked over there."""

from google.cloud.devtools.cloudbuild_v2 import (
    Connection,
    CreateConnectionRequest,
    DeleteConnectionRequest,
    GetConnectionRequest,
    InstallationState,
    ListConnectionsRequest,
    ListConnectionsResponse,
)
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.vertex.listing import page


def create_connection(cloud: Cloud, request: CreateConnectionRequest) -> Operation:
    """Connect to GitHub.

    Partly: it is authorised when it names an installation of the app and a secret with a token.
    """
    connection = Connection(request.connection)
    connection.name = f"{request.parent}/connections/{request.connection_id}"
    connection.installation_state = _state(connection)
    cloud.store.create(connection)
    return cloud.operations.done(request.parent, connection)


def get_connection(cloud: Cloud, request: GetConnectionRequest) -> Connection:
    """One connection."""
    return cloud.store.get(request.name, Connection)


def list_connections(cloud: Cloud, request: ListConnectionsRequest) -> ListConnectionsResponse:
    """The connections of a project in a region."""
    found = cloud.store.in_collection(f"{request.parent}/connections", Connection)
    items, token = page(found, request)
    return ListConnectionsResponse(connections=items, next_page_token=token)


def delete_connection(cloud: Cloud, request: DeleteConnectionRequest) -> Operation:
    """Forget a connection."""
    cloud.store.delete(request.name)
    return cloud.operations.done(request.name.partition("/connections/")[0], Empty())


def _state(connection: Connection) -> InstallationState:
    github, stages = connection.github_config, InstallationState.Stage
    if not github.authorizer_credential.oauth_token_secret_version:
        return InstallationState(
            stage=stages.PENDING_USER_OAUTH, message="A person has to authorise Cloud Build."
        )
    if not github.app_installation_id:
        return InstallationState(
            stage=stages.PENDING_INSTALL_APP, message="A person has to install the app."
        )
    return InstallationState(stage=stages.COMPLETE)
