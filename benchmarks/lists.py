# ruff: noqa: E501 - SQL is laid out as SQL
"""`python -m benchmarks.lists`: server time and queries of the hold list at 10,000, 100,000 and 500,000 open holds.

Each shipped view is asked for in each order, upwards and downwards, first page and the page after it, through the whole
stack but the socket; then what opens from the list: peeks, hold pages, search, groups.
`--holds N` measures one size. With DATABASE_URL set that server is used: its database must be empty.
"""

import argparse
import logging
import os
import re
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from benchmarks.__main__ import database

SIZES = (10_000, 100_000, 500_000)
ROUNDS = 3
TARGET_MILLISECONDS = 200
MOST_QUERIES = 8

_PEOPLE = """
INSERT INTO auth_user (id, username, password, first_name, last_name, email, is_superuser, is_staff, is_active, date_joined)
    SELECT 1000 + g, 'clerk' || g, '!', 'Clerk', 'No ' || g, '', false, false, true, now() FROM generate_series(1, 8) g;
INSERT INTO customers_accessgrant (user_id, role) SELECT 1000 + g, 'credit_clerk' FROM generate_series(1, 8) g;
INSERT INTO customers_reason (type, code, description) VALUES ('hold', 'DISPUTE', 'Dispute'), ('release', 'PAID', 'Paid');
"""

_SPREAD = """
UPDATE customers_customer SET name = initcap(substr(translate(md5(id::text), '0123456789', 'ghijklmnop'), 1, 9)) || ' ' || id;
UPDATE holds_hold h SET
    reason_codes = (ARRAY['["limit_used"]', '["days_overdue", "limit_used"]', '["days_overdue"]', '["overdue_amount"]', '["payment_terms"]',
                          '["limit_expired", "limit_used"]', '["sales_order"]', '["account_status"]']::jsonb[])[1 + (8 * v.a)::int % 8],
    chips = (ARRAY['[{{"type": "limit_used", "text": "Limit 109 %", "number": "109 %", "valid": true}}]',
                   '[{{"type": "limit_used", "text": "Limit 109 %", "number": "109 %", "valid": true}}, {{"type": "days_overdue", "text": "Overdue 67 d", "number": "67 d", "valid": true}}]',
                   '[{{"type": "days_overdue", "text": "Overdue 67 d", "number": "67 d", "valid": true}}]']::jsonb[])[1 + v.n % 3],
    -- what is ready is not over its limit
    over_limit = CASE WHEN v.a < 0.3 OR v.e < 0.025 THEN NULL ELSE round((20000 * v.b)::numeric, 2) END,
    used_percent = CASE WHEN v.b < 0.02 THEN NULL WHEN v.e < 0.025 THEN round((60 + 40 * v.c)::numeric, 2)
                        ELSE round((60 + 90 * v.c)::numeric, 2) END,
    overdue_amount = CASE WHEN v.c < 0.25 THEN 0 ELSE round((50000 * v.d * v.d)::numeric, 2) END,
    forced = v.d < 0.01, forced_reason_id = CASE WHEN v.d < 0.01 THEN (SELECT id FROM customers_reason WHERE code = 'DISPUTE') END,
    ready_to_release = v.e < 0.025,
    assignee_id = CASE WHEN v.f < 0.4 THEN NULL ELSE 1001 + (8000 * v.f)::int % 8 END,
    review_date = CASE WHEN v.g < 0.016 THEN DATE '{day}' + (1200 * v.g)::int - 10 END,
    snoozed_until = CASE WHEN v.h < 0.03 THEN DATE '{day}' + (300 * v.h)::int END,
    workflow_state = CASE WHEN v.i < 0.01 THEN 'pending' ELSE '' END,
    ship_date = DATE '{day}' + (30 * v.j)::int,
    held_at = TIMESTAMPTZ '{day} 06:00Z' - (v.k * 30) * interval '1 day',
    evaluated_at = TIMESTAMPTZ '{day} 06:00Z'
FROM (SELECT id, order_id AS n, random() AS a, random() AS b, random() AS c, random() AS d, random() AS e, random() AS f, random() AS g, random() AS h,
             random() AS i, random() AS j, random() AS k FROM holds_hold WHERE status = 'active' ORDER BY order_id) v WHERE v.id = h.id;
"""

_CLOSED = """
CREATE TEMP TABLE closed AS SELECT gen_random_uuid() AS hold, o.*, TIMESTAMPTZ '{day} 05:00Z' - (pg_temp.rnd(o.id, 31) * 90) * interval '1 day' AS decided
    FROM customers_salesorder o WHERE o.id > {holds};
INSERT INTO holds_hold (id, number, order_id, payer_id, legal_entity_id, checkpoint, pro_forma, status, version, held_at, held_by, forced, forced_by,
        forced_note, ready_to_release, note, workflow_state, release_mode, release_reason_id, decided_at, decided_by, reason_codes, chips, currency, amount,
        amount_unknown, ship_date)
    SELECT hold, 'H-C' || number, id, payer_id, legal_entity_id, 'confirmation', false, 'released', 2, decided - interval '2 days', 'system:benchmark', false, '', '', false, '', '', 'without_posting',
           (SELECT id FROM customers_reason WHERE code = 'PAID'), decided, 'user:1001', '[]', '[]', currency_id, amount, false, requested_ship_date
    FROM closed;
INSERT INTO holds_holdevent (hold_id, version, type, from_status, to_status, actor, actor_name, at, data)
    SELECT id, 1, 'hold_placed', '', 'active', 'system:benchmark', '', held_at, '{{}}'::jsonb FROM holds_hold WHERE status = 'released'
    UNION ALL SELECT id, 2, 'released', 'active', 'released', 'user:1001', 'clerk1', decided_at, '{{"mode": "without_posting", "reason": "PAID"}}' FROM holds_hold WHERE status = 'released';
"""


@dataclass(frozen=True)
class Page:
    """What one page took: milliseconds by the clock, milliseconds in which we or our database worked, queries.

    The second is what the first would be on a machine that does nothing else; where it is not known it is 0.
    """

    time: float
    work: float
    queries: int


@dataclass(frozen=True)
class Measured:
    """The pages of one view in one order; `target` is what 95 of 100 may take."""

    view: str
    sort: str
    pages: Sequence[Page]
    target: int = TARGET_MILLISECONDS

    @property
    def p95(self) -> float:
        """What 95 of 100 pages took at most."""
        return p95([page.time for page in self.pages])


def p95(values: Sequence[float]) -> float:
    """What 95 of 100 values are at most."""
    return statistics.quantiles(values, n=20)[18] if len(values) > 1 else values[0]


def load(holds: int) -> None:
    """Fill an empty, migrated database with `holds` open holds of many kinds, and as many closed ones in 90 days."""
    from django.db import connection, transaction  # noqa: PLC0415 - needs the set-up Django

    from benchmarks import data  # noqa: PLC0415

    size = data.Size(customers=max(200, holds // 5), invoices=1000, orders=2 * holds, holds=holds)
    data.load(size)
    values = {"day": data.DAY, "holds": holds}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.42)")  # the same figures in every run
        for script in (_PEOPLE, _SPREAD, _CLOSED):
            cursor.execute(script.format(**values))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def beside(holds: int, out: TextIO) -> None:
    """A few views of the list on the data of the large run, for its report."""
    from django.conf import settings  # noqa: PLC0415 - needs the set-up Django
    from django.db import connection  # noqa: PLC0415

    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE)
    client = clerk()
    report(holds, [*measure(client, 1, ("mine", "ready", "open")), *around(client, 10)], out)


def clerk() -> Any:
    """A client in whose session a clerk has signed in."""
    from django.conf import settings  # noqa: PLC0415 - needs the set-up Django
    from django.contrib.auth import get_user_model  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    logging.disable(logging.INFO)
    client = Client(headers={"host": "localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = _session(get_user_model().objects.get(username="clerk1"))
    client.get("/holds/")
    return client


def measure(client: Any, rounds: int = ROUNDS, views: Iterable[str] = ()) -> list[Measured]:
    """Every shipped view in every order that its list offers."""
    from holds.lists import SORTS, VIEWS  # noqa: PLC0415 - needs the set-up Django

    orders = ["", *(sign + name for name in SORTS for sign in ("", "-"))]
    wanted = set(views)
    return [
        _measure(client, view.slug, sort, rounds)
        for view in VIEWS
        if not wanted or view.slug in wanted
        for sort in orders
    ]


def around(client: Any, many: int = 40) -> list[Measured]:
    """What opens from the list, for `many` holds and customers each: peek, page, search, groups and what is in them."""
    from holds.lists.grouping import SORTS  # noqa: PLC0415 - needs the set-up Django

    rows = _some_holds(many)
    peeks = [f"/holds/{row.number}/peek/?from=view%3Dopen" for row in rows]
    words = [word for row in rows for word in (row.order_number[2:], row.number, row.payer.name[:6], row.payer.account)]
    palette = [f"/search/?q={quote(word)}" for word in words]
    groups = [f"/holds/?group=customer&sort={sign}{name}" for name in SORTS for sign in ("", "-")]
    opened = [f"/holds/customer/?from=view%3Dopen&payer={row.payer.key}" for row in rows]
    island = {"HX-Request": "true"}
    return [
        _each(client, "(an empty page)", ["/api/v1/health/live"] * many, 0),
        _each(client, "peek", peeks, 120, **island),
        _each(client, "page of a hold", [f"/holds/{row.number}/" for row in rows], 250),
        _each(client, "palette", palette, 150, **island),
        _each(client, "search page", palette, 150),
        _each(client, "list, searched", [f"/holds/?q={quote(word)}" for word in words], TARGET_MILLISECONDS),
        _each(client, "by customer", groups, TARGET_MILLISECONDS),
        _each(client, "holds of a customer", opened, TARGET_MILLISECONDS, **island),
    ]


def _some_holds(many: int) -> list[Any]:
    """Open holds spread over all of them, with those who pay."""
    from django.db.models.functions import MD5  # noqa: PLC0415 - needs the set-up Django

    from holds.models import Hold  # noqa: PLC0415

    rows = Hold.objects.filter(status=Hold.Status.ACTIVE).select_related("payer")
    return list(rows.order_by(MD5("number"), "number")[:many])


def _each(client: Any, name: str, addresses: Sequence[str], target: int, **headers: str) -> Measured:
    _ask(client, addresses[0], headers)  # what is read once per process is not its cost
    return Measured(name, "", [_ask(client, address, headers)[1] for address in addresses], target)


def _session(user: Any) -> str:
    """The key of a session in which `user` has signed in."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "customers.preferences.SignedIn"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session["session_started"] = int(time.time())
    session["session_seen"] = session["session_started"] + 3600  # its last use, which is written once a minute
    session.save()
    return str(session.session_key)


def _measure(client: Any, view: str, sort: str, rounds: int) -> Measured:
    address = f"/holds/?view={view}" + (f"&sort={sort}" if sort else "")
    pages = []
    for _ in range(rounds):
        following, page = _ask(client, address)
        pages.append(page)
        if following:
            pages.append(_ask(client, following)[1])
    return Measured(view, sort or "default", pages)


def _ask(client: Any, address: str, headers: Mapping[str, str] | None = None) -> tuple[str, Page]:
    """The address of the next page, and what this one took."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    connection.queries_log.clear()  # it keeps the last 9,000, and what is counted must be among them
    with CaptureQueriesContext(connection) as caught:
        began, worked = time.perf_counter(), _worked()
        answer = client.get(address, follow=True, headers=headers)
        seconds, work = time.perf_counter() - began, _worked() - worked
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code}")
    found = re.search(r'href="(\?[^"]*)" rel="next"', answer.content.decode())
    queries = [one for one in caught.captured_queries if not one["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT"))]
    page = Page(seconds * 1000, max(work, 0) * 1000, len(queries))
    return f"/holds/{unescape(found[1])}" if found else "", page


def _worked() -> float:
    """Seconds for which this process and its connection's server process had a core, where Linux tells."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    told = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    theirs = int(told.read_text().split()[0]) / 1e9 if told.exists() else 0.0
    return time.process_time() + theirs


def report(holds: int, found: Sequence[Measured], out: TextIO) -> None:
    """One line per view: its slowest order, and p95 over all of them."""
    columns = f"{'p50':>8} {'p95':>8}   {'work':>6} {'p95':>8}   slowest order (p95){'':<10} queries"
    out.write(f"\n{holds:,} open holds{'':<22} {columns}\n")
    for view in dict.fromkeys(one.view for one in found):
        mine = [one for one in found if one.view == view]
        pages = [page for one in mine for page in one.pages]
        slowest = max(mine, key=lambda one: one.p95)
        times, works = [page.time for page in pages], [page.work for page in pages]
        verdict = ""
        if 0 < slowest.target < slowest.p95:
            verdict = "  ABOVE THE TARGET" if p95(works) > slowest.target or not any(works) else "  waited for a core"
        out.write(
            f"  {view:<34} {statistics.median(times):>6.0f}ms {p95(times):>6.0f}ms"
            f"   {statistics.median(works):>4.0f}ms {p95(works):>6.0f}ms   {slowest.sort:<12} {slowest.p95:>6.0f}ms"
            f" {max(page.queries for page in pages):>16}{verdict}\n"
        )


def main() -> None:
    """Measure at the sizes asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lists", description=__doc__)
    parser.add_argument("--holds", type=int, nargs="*", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--keep", action="store_true", help="measure what is there: DATABASE_URL names a loaded database"
    )
    parser.add_argument("--view", nargs="*", default=[])
    parser.add_argument("--orders", action="store_true", help="print every order of every view")
    asked = parser.parse_args()
    os.environ.update(
        DJANGO_SETTINGS_MODULE="credit_mgmt.conf.settings",
        CREDIT_DEMO="1",
        CREDIT_TODAY="2026-06-15",
        SECRET_KEY=os.environ.get("SECRET_KEY") or "benchmark-" + os.urandom(32).hex(),
    )
    os.environ.setdefault("CELERY_BROKER_URL", "memory://")
    given = os.environ.get("DATABASE_URL")
    for holds in asked.holds:
        if given and len(asked.holds) > 1:
            raise SystemExit("DATABASE_URL names one database: give one size with --holds.")
        if not given and os.fork() == 0:  # each size has a server and a Django of its own
            _one(holds, asked)
            os._exit(0)
        elif not given:
            os.wait()
        else:
            _one(holds, asked)


def _one(holds: int, asked: argparse.Namespace) -> None:
    with database():
        import django  # noqa: PLC0415 - settings read the environment that was just made

        django.setup()
        from django.conf import settings  # noqa: PLC0415
        from django.core.management import call_command  # noqa: PLC0415

        settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
        call_command("migrate", verbosity=0)
        if not asked.keep:
            load(holds)
        client = clerk()
        found = measure(client, asked.rounds, asked.view)
        if asked.orders:
            for one in found:
                work, queries = p95([page.work for page in one.pages]), max(page.queries for page in one.pages)
                sys.stdout.write(f"{one.view:<14} {one.sort:<12} {one.p95:>7.0f} ms {work:>7.0f} ms {queries:>3}\n")
        report(holds, [*found, *around(client)], sys.stdout)
        sys.stdout.flush()


if __name__ == "__main__":
    main()
