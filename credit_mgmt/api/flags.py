"""Flags with who set them, for the resources that have some (`credit_mgmt.flags`)."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from credit_mgmt.flags import Flag
from customers.edge.fields import StrictSerializer


class FlagSerializer(StrictSerializer):
    """A flag as it stands. `set_by` and `set_at` are null where nobody knows: it was set before this was recorded."""

    flag = serializers.CharField()
    value = serializers.JSONField()  # a flag, or the day until which one stands
    set_by = serializers.CharField(allow_null=True)
    set_by_name = serializers.CharField(allow_blank=True)
    set_at = serializers.DateTimeField(allow_null=True)


def flags_data(flags: Mapping[str, Flag]) -> list[dict[str, Any]]:
    """Flags as the API tells them."""
    return [
        {
            "flag": flag.name,
            "value": flag.value.isoformat() if isinstance(flag.value, dt.date) else flag.value,
            "set_by": flag.actor or None,
            "set_by_name": flag.actor_name,
            "set_at": flag.at.isoformat().replace("+00:00", "Z") if flag.at else None,
        }
        for flag in flags.values()
    ]
