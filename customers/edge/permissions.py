"""Default deny: every handler names the right without which it does not answer (`reliability.md` 4.3, S02)."""

from typing import Any

from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from customers.access import Action, NotAllowed
from customers.edge.authentication import actor_of


def right_of(view: Any, request: Request) -> Action:
    """The right that the handler of this call needs. Raises `MethodNotAllowed` where there is no handler."""
    handler = getattr(view, "action", None) or (request.method or "").lower()
    if handler == "head":
        handler = "get"
    rights: dict[str, Action] = view.rights
    if handler not in rights:
        raise MethodNotAllowed(request.method or "")
    return rights[handler]


class ActionPermission(BasePermission):
    """The actor may do what the handler is for somewhere; where exactly, the service asks (`customers.access`)."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """True, or `NotAuthenticated`, `NotAllowed`, `MethodNotAllowed`."""
        actor = actor_of(request)
        if request.method == "OPTIONS":
            return True
        action = right_of(view, request)
        if not actor.may(action):
            raise NotAllowed(action, None)
        return True
