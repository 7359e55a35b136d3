"""The database and the broker that everything else needs: those of the environment, or embedded ones."""

import os
from collections.abc import Mapping

from credit_mgmt.conf.embedded import Postgres, Valkey
from credit_mgmt.conf.state import State

SHARED = ("DATABASE_URL", "CELERY_BROKER_URL", "CREDIT_DEMO", "SECRET_KEY", "CREDIT_TODAY", "DEBUG")


def demonstration_defaults(env: Mapping[str, str], state: State) -> dict[str, str]:
    """Return what makes this a demonstration: no key of its own means nobody set it up as a deployment."""
    if env.get("SECRET_KEY") or env.get("CREDIT_DEMO") == "0":
        return {}
    return {"CREDIT_DEMO": "1", "SECRET_KEY": state.secret_key()}


class Services:
    """PostgreSQL and Valkey, each started only where the environment names no server."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._started: list[Postgres | Valkey] = []
        self._addresses: dict[str, str] = {}

    @staticmethod
    def all_given() -> bool:
        """Say whether the environment names both servers, so that there is nothing to start."""
        return bool(os.environ.get("DATABASE_URL") and os.environ.get("CELERY_BROKER_URL"))

    def start(self) -> None:
        """Start what the environment does not name; stop it again if one of them fails."""
        try:
            if not os.environ.get("DATABASE_URL"):
                self._add("DATABASE_URL", Postgres(self._state.folder / "postgres"))
            if not os.environ.get("CELERY_BROKER_URL"):
                self._add("CELERY_BROKER_URL", Valkey(self._state.folder / "valkey"))
        except BaseException:
            self.stop()
            raise

    def _add(self, name: str, server: Postgres | Valkey) -> None:
        self._started.append(server)
        server.start()
        self._addresses[name] = server.url

    @staticmethod
    def shared(env: Mapping[str, str]) -> dict[str, str]:
        """Return the part of `env` that a command beside us must have in common with us."""
        return {name: env[name] for name in SHARED if name in env}

    def environment(self) -> dict[str, str]:
        """Return the environment of our child processes: ours, the addresses, and a demonstration's defaults."""
        return {**os.environ, **self._addresses, **demonstration_defaults(os.environ, self._state)}

    def dead(self) -> str | None:
        """Name a server of ours that has stopped by itself, if there is one."""
        for server in self._started:
            if server.process is not None and server.process.poll() is not None:
                return type(server).__name__
        return None

    def stop(self) -> None:
        """Stop what we started, the last first."""
        while self._started:
            self._started.pop().stop()
