"""One policy table and one gate (`domain 13`, `reliability.md` 4.3).

`authorize` answers *may this actor do this here?*, `scoped` answers *which rows may this actor see?* Pages, API, admin,
exports and jobs ask here and nowhere else. The engine does not: it reads unscoped, because a clerk's view of a group
would understate its exposure (`reliability.md` finding 8).

Out of scope is "not found"; in scope without the right is "not allowed" (`api.md` Errors).
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Model, Q, QuerySet

from customers.models import AccessGrant, ApiClient, Role
from customers.prepared import Prepared

M = TypeVar("M", bound=Model)


class Action(StrEnum):
    """Everything that somebody may be allowed to do. A route that names none of these does not start."""

    VIEW = "view"
    VIEW_EXPOSURE = "view_exposure"
    VIEW_AUDIT = "view_audit"
    VIEW_JOBS = "view_jobs"
    VIEW_EVENTS = "view_events"
    FEED = "feed"
    SETUP = "setup"
    CHECK = "check"
    POST_DOCUMENT = "post_document"
    ASK_CREDIT = "ask_credit"
    WORK_HOLDS = "work_holds"
    MANAGE_COVER = "manage_cover"
    EVALUATE = "evaluate"
    EVALUATE_ALL = "evaluate_all"
    FORCE_HOLD = "force_hold"
    FORCE_MANY = "force_many"
    RELEASE = "release"
    RELEASE_FORCED = "release_forced"
    REJECT = "reject"
    REOPEN = "reopen"
    CANCEL_ORDER = "cancel_order"
    EDIT_CREDIT_PROFILE = "edit_credit_profile"
    MANAGE_CREDIT_GROUPS = "manage_credit_groups"
    EDIT_INSURANCE = "edit_insurance"
    MAKE_JOURNALS = "make_journals"
    POST_JOURNALS = "post_journals"
    EXCLUDE_ORDER = "exclude_order"
    MANAGE_ACCESS = "manage_access"


_KNOW = (Role.VIEWER, Role.AUDITOR, Role.CREDIT_CLERK, Role.CREDIT_MANAGER, Role.CREDIT_ADMINISTRATOR, Role.APPROVER)
_SEE = (Role.SALES_VIEWER, *_KNOW)
_CLERKS = (Role.CREDIT_CLERK, Role.CREDIT_MANAGER)

POLICY: dict[Action, tuple[Role, ...]] = {
    Action.VIEW: (*_SEE, Role.INTEGRATION),
    Action.VIEW_EXPOSURE: (*_KNOW, Role.INTEGRATION),
    Action.VIEW_AUDIT: (Role.AUDITOR,),
    Action.VIEW_JOBS: (*_KNOW, Role.INTEGRATION),
    Action.VIEW_EVENTS: (Role.INTEGRATION, Role.AUDITOR),
    Action.FEED: (Role.INTEGRATION, Role.CREDIT_ADMINISTRATOR),
    Action.SETUP: (Role.CREDIT_ADMINISTRATOR,),
    Action.CHECK: (Role.INTEGRATION, *_CLERKS, Role.CREDIT_ADMINISTRATOR),
    Action.POST_DOCUMENT: (Role.INTEGRATION, *_CLERKS),
    Action.ASK_CREDIT: (Role.SALES_VIEWER, Role.VIEWER, *_CLERKS),
    Action.WORK_HOLDS: _CLERKS,
    Action.MANAGE_COVER: (Role.CREDIT_MANAGER,),
    Action.EVALUATE: _CLERKS,
    Action.EVALUATE_ALL: _CLERKS,
    Action.FORCE_HOLD: _CLERKS,
    Action.FORCE_MANY: (Role.CREDIT_MANAGER,),
    Action.RELEASE: _CLERKS,
    Action.RELEASE_FORCED: (Role.CREDIT_MANAGER,),
    Action.REJECT: _CLERKS,
    Action.REOPEN: (Role.CREDIT_MANAGER,),
    Action.CANCEL_ORDER: (Role.INTEGRATION, *_CLERKS),
    Action.EDIT_CREDIT_PROFILE: (*_CLERKS, Role.CREDIT_ADMINISTRATOR),
    Action.EDIT_INSURANCE: (Role.INTEGRATION, Role.CREDIT_MANAGER, Role.CREDIT_ADMINISTRATOR),
    Action.MAKE_JOURNALS: _CLERKS,
    Action.POST_JOURNALS: (Role.CREDIT_MANAGER,),
    Action.MANAGE_CREDIT_GROUPS: (Role.INTEGRATION, Role.CREDIT_MANAGER, Role.CREDIT_ADMINISTRATOR),
    Action.EXCLUDE_ORDER: _CLERKS,
    Action.MANAGE_ACCESS: (Role.CREDIT_ADMINISTRATOR,),
}
"""The matrix: action -> roles that may. Setup cannot release; integration can neither release nor approve. A sales
viewer sees orders and their state, and no exposure (`ux.md` ruling 7)."""


class NotAllowed(Exception):
    """The actor sees the object but may not do this to it (403)."""

    def __init__(self, action: Action, legal_entity: str | None, message: str = "") -> None:
        self.action = action
        self.legal_entity = legal_entity
        where = f" in legal entity {legal_entity}" if legal_entity else ""
        roles = ", ".join(role.label for role in POLICY[action]) or "nobody"
        said = f"{action.value.replace('_', ' ').capitalize()} needs one of these roles{where}: {roles}."
        super().__init__(message or said)


class OutOfScope(Exception):
    """The actor was granted nothing in that legal entity: for them the object does not exist (404)."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"{subject} was not found.")


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in one legal entity, or in all where `legal_entity` is None."""

    role: str
    legal_entity: str | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, an API client or the system itself, with the grants read in this very request."""

    kind: str
    id: int | str
    name: str
    grants: tuple[Grant, ...] = ()
    job: str = ""
    """The job in which a person or a client acts, where it is one: what they did in it is one act of theirs."""

    @property
    def reference(self) -> str:
        """`user:7`, `client:2` or `system:evaluation`: what evidence is signed with."""
        return f"{self.kind}:{self.id}"

    @property
    def user_id(self) -> int | None:
        """The user's id, or None for clients and the system."""
        return int(self.id) if self.kind == "user" else None

    @property
    def is_system(self) -> bool:
        """Whether nobody in person acts."""
        return self.kind == "system"

    def entities(self, action: Action) -> frozenset[str] | None:
        """Legal entities in which the actor may do `action`; None means all."""
        if self.is_system:
            return None
        roles = POLICY[action]
        allowed = [grant.legal_entity for grant in self.grants if grant.role in roles]
        if None in allowed:
            return None
        return frozenset(entity for entity in allowed if entity is not None)

    def may(self, action: Action, legal_entity: str | None = None) -> bool:
        """Whether the actor may do `action` in `legal_entity`, or anywhere at all where none is named."""
        entities = self.entities(action)
        if entities is None:
            return True
        return legal_entity in entities if legal_entity is not None else bool(entities)


def system_actor(name: str) -> Actor:
    """The system acting by itself, e.g. a scheduled job named `name`."""
    return Actor(kind="system", id=name, name=name)


def actor_of_user(user: AbstractBaseUser | AnonymousUser) -> Actor:
    """The signed-in user with the grants that stand in the database now; nobody's grants when inactive."""
    if user.pk is None or not user.is_active:
        return Actor(kind="user", id=0, name="")
    grants = AccessGrant.objects.filter(user_id=user.pk)
    return Actor(kind="user", id=user.pk, name=user.get_username(), grants=_grants(grants))


def actor_of_client(client: ApiClient) -> Actor:
    """The API client with the grants that stand in the database now."""
    return Actor(kind="client", id=client.pk, name=client.name, grants=_grants(client.access_grants.all()))


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """The API client that a token belongs to, as it stands in the database now."""

    actor: Actor
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None


_TOKEN = Prepared(
    """
    SELECT c.id, c.name, c.expires_at, c.revoked_at, g.role, g.legal_entity_id
    FROM customers_apiclient c LEFT JOIN customers_accessgrant g ON g.client_id = c.id
    WHERE c.token_digest = {digest} ORDER BY g.id
    """,
    digest="text",
)


def holder_of_token(digest: str) -> TokenHolder | None:
    """Whose token has this digest, with the grants of the same instant; None where nobody has it.

    One statement on every call of a machine and nothing kept: what is revoked or withdrawn is gone with the next call.
    Whether the token still counts is the caller's question.
    """
    rows = _TOKEN.rows(digest=digest)
    if not rows:
        return None
    client, name, expires_at, revoked_at = rows[0][:4]
    grants = tuple(Grant(role, legal_entity) for *_, role, legal_entity in rows if role is not None)
    return TokenHolder(Actor("client", client, name, grants), expires_at, revoked_at)


def _grants(queryset: QuerySet[AccessGrant]) -> tuple[Grant, ...]:
    rows = queryset.order_by("pk").values_list("role", "legal_entity_id")
    return tuple(Grant(role=role, legal_entity=entity) for role, entity in rows)


def refresh(actor: Actor) -> Actor:
    """The same actor with grants read again: services that release ask after they hold the lock (S04, W03)."""
    if actor.kind == "user":
        return replace(actor, grants=_grants(AccessGrant.objects.filter(user_id=actor.id, user__is_active=True)))
    if actor.kind == "client":
        grants = AccessGrant.objects.filter(client_id=int(actor.id), client__revoked_at__isnull=True)
        return replace(actor, grants=_grants(grants))
    return actor


def authorize(actor: Actor, action: Action, legal_entity: str | None, subject: str = "The object") -> None:
    """Raise unless `actor` may do `action` in `legal_entity`.

    `legal_entity=None` stands for what all entities share (shared reasons, the default parameter row): the actor needs
    the right in all. Raises `OutOfScope` where the actor may not even see, `NotAllowed` where the right is missing.
    """
    if legal_entity is None:
        if actor.entities(action) is not None:
            raise NotAllowed(action, None)
        return
    if not actor.may(Action.VIEW, legal_entity) and not actor.may(action, legal_entity):
        raise OutOfScope(subject)
    if not actor.may(action, legal_entity):
        raise NotAllowed(action, legal_entity)


def scoped(
    queryset: QuerySet[M],
    actor: Actor,
    action: Action | None = None,
    *,
    path: str = "legal_entity",
    shared: bool = False,
) -> QuerySet[M]:
    """The rows of `queryset` in the legal entities where `actor` may do `action`.

    `path` leads to the legal entity; `shared` also keeps rows that name none (they belong to all). Unless an action is
    named it is the model's own (`seen_with`), where its rows say more than `VIEW` may see, or else `VIEW`.
    """
    entities = actor.entities(action or Action(getattr(queryset.model, "seen_with", Action.VIEW)))
    if entities is None:
        return queryset
    condition = Q(**{f"{path}__in": sorted(entities)})
    if shared and entities:
        condition |= Q(**{f"{path}__isnull": True})
    return queryset.filter(condition)


def authorize_each(actor: Actor, action: Action, legal_entities: Iterable[str]) -> None:
    """`authorize` for every entity named; a group of customers needs the right in all of them."""
    for legal_entity in sorted(set(legal_entities)):
        authorize(actor, action, legal_entity)


def describe(actor: Actor) -> dict[str, Any]:
    """The actor as evidence keeps it."""
    return {"actor": actor.reference, "name": actor.name}
