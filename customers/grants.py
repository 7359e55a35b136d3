"""Who may act: API clients with their tokens, and grants of roles to clients and to people (`domain 13`)."""

import datetime as dt
from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from customers.access import Action, Actor, authorize
from customers.edge.authentication import new_token
from customers.errors import FieldError, InvalidInput, Refused
from customers.models import AccessGrant, ApiClient, LegalEntity, Role


def create_client(
    *,
    name: str,
    roles: Sequence[str],
    legal_entities: Sequence[str],
    expires_at: dt.datetime | None,
    actor: Actor,
    now: dt.datetime,
) -> tuple[ApiClient, str]:
    """A new API client with `roles` in `legal_entities` (none: in all), and its token, which is shown this once.

    Raises `InvalidInput` for unknown roles and entities or a name that is taken, `NotAllowed`, `OutOfScope`.
    """
    _authorize(actor, legal_entities)
    _check(name, roles, legal_entities)
    token, digest = new_token()
    with transaction.atomic():
        client = ApiClient.objects.create(name=name, token_digest=digest, created_at=now, expires_at=expires_at)
        AccessGrant.objects.bulk_create(
            AccessGrant(client=client, role=role, legal_entity_id=entity)
            for role in dict.fromkeys(roles)
            for entity in dict.fromkeys(legal_entities or [None])  # type: ignore[list-item]
        )
    return client, token


def _authorize(actor: Actor, legal_entities: Sequence[str | None]) -> None:
    for entity in legal_entities or [None]:
        authorize(actor, Action.MANAGE_ACCESS, entity, f"Legal entity {entity}")


def _check(name: str, roles: Sequence[str], legal_entities: Sequence[str]) -> None:
    errors = []
    if not 1 <= len(name.strip()) <= 60:
        errors.append(FieldError("name", "invalid", "Give a name of 1 to 60 characters."))
    elif ApiClient.objects.filter(name=name).exists():
        errors.append(FieldError("name", "taken", f"There is a client called {name} already; take another name."))
    if not roles:
        errors.append(FieldError("role", "required", "Give at least one role."))
    for role in roles:
        if role not in Role.values:
            errors.append(FieldError("role", "unknown", f"There is no role {role}. Use: {', '.join(Role.values)}."))
    known = set(LegalEntity.objects.filter(pk__in=legal_entities).values_list("pk", flat=True))
    for entity in legal_entities:
        if entity not in known:
            errors.append(FieldError("legal_entity", "unknown", f"There is no legal entity {entity}."))
    if errors:
        raise InvalidInput(errors)


def revoke_clients(*, clients: Sequence[ApiClient], actor: Actor, now: dt.datetime) -> int:
    """End the tokens of `clients` at once; returns how many were live. Raises `NotAllowed`."""
    for client in clients:
        _authorize(actor, [grant.legal_entity_id for grant in client.access_grants.order_by("pk")])
    ids = [client.pk for client in clients]
    return ApiClient.objects.filter(pk__in=ids, revoked_at__isnull=True).update(revoked_at=now)


def grant_role(*, user: AbstractBaseUser, role: str, legal_entity: str | None, actor: Actor) -> AccessGrant:
    """Give a person a role in a legal entity, or in all. Nobody gives a role to themselves.

    Raises `Refused` (`own_grant`, `already_granted`), `InvalidInput`, `NotAllowed`, `OutOfScope`.
    """
    _authorize(actor, [legal_entity])
    if actor.user_id == user.pk:
        raise Refused("own_grant", "Nobody gives a role to themselves: ask another administrator.")
    if role not in Role.values:
        raise InvalidInput.of("role", "unknown", f"There is no role {role}. Use: {', '.join(Role.values)}.")
    if legal_entity is not None and not LegalEntity.objects.filter(pk=legal_entity).exists():
        raise InvalidInput.of("legal_entity", "unknown", f"There is no legal entity {legal_entity}.")
    grant, created = AccessGrant.objects.get_or_create(
        user_id=user.pk, client=None, role=role, legal_entity_id=legal_entity
    )
    if not created:
        raise Refused("already_granted", f"{user.get_username()} has this role there already.")
    return grant


def withdraw_grants(*, grants: Sequence[AccessGrant], actor: Actor) -> int:
    """Take roles back; effective with the next request, and inside those under way. Raises `NotAllowed`."""
    for grant in grants:
        _authorize(actor, [grant.legal_entity_id])
        if grant.user_id is not None and grant.user_id == actor.user_id:
            raise Refused("own_grant", "Nobody changes their own roles: ask another administrator.")
    return AccessGrant.objects.filter(pk__in=[grant.pk for grant in grants]).delete()[0]
