"""Which host names localcloud answers for."""

DOMAINS = ("googleapis.com", "vertexai.goog")


def is_google_host(host: str) -> bool:
    """Whether requests for this host are answered here rather than passed on."""
    return host.endswith(tuple(f".{domain}" for domain in DOMAINS))


def is_dedicated_host(host: str) -> bool:
    """Whether this is the host name of one dedicated endpoint."""
    return host.endswith(".prediction.vertexai.goog")
