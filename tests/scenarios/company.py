"""The company of the stories: everything is set up and driven through the API, as an ERP and its people do."""

import datetime as dt
from typing import Any

from customers import jobs
from customers.models import Job
from tests.api_client import Api, client

TODAY = dt.date(2026, 11, 20)


def set_up(settings: Any) -> Api:
    """Contoso USA: a currency, terms, reasons, one rule (100 % of the limit). Returns who set it up."""
    settings.CREDIT_TODAY = TODAY
    admin = client("admin", ["credit_administrator", "integration"])
    admin.put("currencies/USD", {"minor_units": 2}).is_(201)
    admin.put("legal-entities/USMF", {"name": "Contoso USA", "accounting_currency": "USD", "time_zone": "UTC"}).is_(201)
    admin.put("payment-terms/N30", {"description": "30 days", "net_days": 30}).is_(201)
    for reason in ("release:PAID", "release:CALLED", "hold:DISPUTE"):
        admin.put(f"reasons/{reason}", {"description": reason}).is_(201)
    admin.post(
        "blocking-rules",
        {"type": "limit_used", "action": "blocking", "valid_for": "all", "threshold_percent": "100", "name": "CLU"},
    ).is_(201)
    return admin


def customer(admin: Api, key: str = "USMF:US-001", limit: str = "10000.00", **fields: Any) -> str:
    """A customer with a limit, on 30 days."""
    values = {"name": f"Customer {key}", "currency": "USD", "payment_terms": "N30", "credit_limit": limit, **fields}
    admin.put(f"customers/{key}", values).is_(201)
    return key


def order(admin: Api, key: str, of: str, amount: str, **fields: Any) -> str:
    """A sales order with one line."""
    lines = [{"number": 1, "item": "chairs", "quantity": "1", "unit_price": amount}]
    admin.put(f"sales-orders/{key}", {"customer": of, "currency": "USD", "lines": lines, **fields}).is_(201)
    return key


def invoice(admin: Api, key: str, of: str, amount: str, due: str = "2026-12-20") -> str:
    """An open invoice."""
    admin.put(
        f"invoices/{key}",
        {
            "customer": of,
            "kind": "invoice",
            "invoice_date": "2026-10-20",
            "due_date": due,
            "currency": "USD",
            "amount": amount,
        },
    ).is_(201)
    return key


def payment(admin: Api, key: str, of: str, amount: str, settles: str) -> None:
    """A payment that settles an invoice."""
    admin.put(
        f"payments/{key}",
        {
            "customer": of, "date": TODAY.isoformat(), "currency": "USD", "amount": amount,
            "settlements": [{"invoice": settles, "amount": amount}],
        },
    ).is_(201)  # fmt: skip


def post(erp: Api, key: str, document: str = "confirmation") -> Any:
    """Post a document of the order; the answer."""
    return erp.post(f"sales-orders/{key}/post", {"document": document}).is_(200)


def run_jobs() -> None:
    """What the workers would do: the jobs that wait."""
    for job in Job.objects.filter(status="queued").order_by("created_at"):
        jobs.run_job(job.pk)
