"""Whom outside addresses are checked by (TLS)."""

import os
import ssl
from functools import cache

import httpx


def authorities() -> ssl.SSLContext:
    """The certificates of `SSL_CERT_FILE` or `SSL_CERT_DIR`, else those of Mozilla; read once in a process, because
    that takes longer than most of what a client does in its life.
    """
    return _read(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@cache
def _read(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx.create_ssl_context()
