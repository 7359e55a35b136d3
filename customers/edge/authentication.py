"""Who calls: a machine by its bearer token, or a person by the browser's session (`api.md` Conventions).

Tokens are 256 random bits, shown once and kept as a digest; grants are read in the very request that they are used in.
"""

import hashlib
import logging
import secrets
from typing import Any

from django.http import HttpRequest
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from customers import clock
from customers.access import Actor, TokenHolder, actor_of_user, holder_of_token

logger = logging.getLogger(__name__)

PREFIX = "cm_"
"""Lets people, and scanners of leaked secrets, recognise a token."""
LONGEST_TOKEN = 200


def new_token() -> tuple[str, str]:
    """A fresh token and the digest to keep of it."""
    token = PREFIX + secrets.token_urlsafe(32)
    return token, digest_of(token)


def digest_of(token: str) -> str:
    """What is kept of a token. It is random, so one round of SHA-256 is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


class ClientPrincipal:
    """An API client as Django's `request.user`: signed in, and nothing more."""

    is_authenticated = True
    is_anonymous = False
    is_active = True
    is_staff = False
    is_superuser = False
    pk = None

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name

    def get_username(self) -> str:
        """The client's name, for logs."""
        return self.name


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer <token>`."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The client of the token; None where none was sent. Raises `AuthenticationFailed`."""
        words = request.headers.get("Authorization", "").split()
        if not words or words[0].lower() != "bearer":
            return None
        if len(words) != 2 or len(words[1]) > LONGEST_TOKEN:
            raise _refused("The Authorization header must be: Bearer, a space, the token.")
        holder = holder_of_token(digest_of(words[1]))
        if holder is None:
            raise _refused("The token is not known.")
        if holder.revoked_at is not None:
            raise _refused("The token was revoked; ask for a new one.", holder)
        if holder.expires_at is not None and holder.expires_at <= clock.now():
            raise _refused("The token has expired; ask for a new one.", holder)
        _keep_actor(request, holder.actor)
        return ClientPrincipal(holder.actor.name), holder

    def authenticate_header(self, request: Request) -> str:
        """What a 401 says about how to sign in."""
        return 'Bearer realm="api"'


class SessionAuthentication(authentication.SessionAuthentication):
    """The browser's session, with CSRF protection for every changing call."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The signed-in person; None where nobody is."""
        found: tuple[Any, Any] | None = super().authenticate(request)
        if found is not None:
            _keep_actor(request, actor_of_user(found[0]))
        return found


def _refused(message: str, holder: TokenHolder | None = None) -> exceptions.AuthenticationFailed:
    logger.warning("a token was refused: %s", message, extra={"client": holder.actor.id if holder else None})
    return exceptions.AuthenticationFailed(message, code="invalid_token")


def _keep_actor(request: Request, actor: Actor) -> None:
    request._request.actor = actor  # type: ignore[attr-defined]


def actor_of(request: Request | HttpRequest) -> Actor:
    """Who acts in this request, built once. Raises `NotAuthenticated` where nobody signed in."""
    plain = request._request if isinstance(request, Request) else request
    actor: Actor | None = getattr(plain, "actor", None)
    if actor is None:
        raise exceptions.NotAuthenticated
    return actor
