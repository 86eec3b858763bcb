"""Which host names localcloud answers for."""

_ANSWERED = ("googleapis.com", "vertexai.goog")
_PIPELINES = "-kfp.pkg.dev"  # Artifact Registry's other hosts, of packages and images, are let pass
_WITHOUT_GRPC = (
    "bigquery.googleapis.com",
    "iamcredentials.googleapis.com",
    "oauth2.googleapis.com",
    "storage.googleapis.com",
    "www.googleapis.com",
)
DOMAINS = (*_ANSWERED, "pkg.dev")  # all of these, and more, lie in these domains


def is_google_host(host: str) -> bool:
    """Whether requests for this host are answered here rather than passed on."""
    return host.endswith((*(f".{domain}" for domain in _ANSWERED), _PIPELINES))


def is_dedicated_host(host: str) -> bool:
    """Whether this is the host name of one dedicated endpoint."""
    return host.endswith(".prediction.vertexai.goog")


def is_pipelines_host(host: str) -> bool:
    """Whether this is the host name of Artifact Registry's repositories of compiled pipelines."""
    return host.endswith(_PIPELINES)


def is_grpc_host(host: str) -> bool:
    """Whether gRPC is served for this host, and so HTTP/2; all others get HTTP/1.1 alone.

    Clients written in Go, such as terraform, use HTTP/2 for REST where they are offered it.
    """
    return not f".{host}".endswith((*(f".{name}" for name in _WITHOUT_GRPC), _PIPELINES))
