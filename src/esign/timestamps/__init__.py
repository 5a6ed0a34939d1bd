"""Timestamps of another organization: RFC 3161 tokens, asked for and verified.

A token proves that a digest existed at an instant, if its service is trusted. Which
services are is the caller's list, never the token's. The profile and what a timestamp
is good for are written down in docs/formats/evidence.md.
"""

from esign.timestamps.exchange import obtain, open_response, request, token_in
from esign.timestamps.path import verify_path
from esign.timestamps.token import (
    MAX_TOKEN_BYTES,
    UNSTATED_ACCURACY,
    UnverifiedTimestamp,
    read,
)
from esign.timestamps.verifying import Timestamp, verify

__all__ = [
    "MAX_TOKEN_BYTES",
    "UNSTATED_ACCURACY",
    "Timestamp",
    "UnverifiedTimestamp",
    "obtain",
    "open_response",
    "read",
    "request",
    "token_in",
    "verify",
    "verify_path",
]
