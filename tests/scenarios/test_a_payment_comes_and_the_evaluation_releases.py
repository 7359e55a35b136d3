"""At night: a payment came in, the evaluation finds what it cleared, oldest order first, and releases that."""

import pytest

from tests.api_client import client
from tests.scenarios.company import customer, invoice, order, payment, post, run_jobs, set_up

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_payment_comes_and_the_evaluation_releases(settings):
    admin = set_up(settings)
    admin.patch(
        "parameters/default", {"automatically_release": "with_posting", "automatic_release_reason": "PAID"}
    ).is_(200)
    erp, clerk = client("erp", "integration"), client("clerk", "credit_clerk")
    adatum = customer(admin, limit="10000.00")
    invoice(admin, "USMF:INV-1", adatum, "9500.00")
    for number, amount in ((1, "6000.00"), (2, "5000.00"), (3, "3000.00")):
        order(erp, f"USMF:SO-{number}", adatum, amount)
        assert post(erp, f"USMF:SO-{number}")["outcome"] == "held"

    # Nothing came: nothing is released.
    job = clerk.post("jobs", {"kind": "evaluate_for_release", "parameters": {}}).is_(202)
    run_jobs()
    done = clerk.get(f"jobs/{job['id']}").is_(200)
    assert (done["status"], done["done"], done["total"]) == ("finished", 3, 3)
    assert (done["result"]["evaluated"], done["result"]["released"]) == (3, 0)

    # 9,500 are paid. 6,000 fit; then 5,000 do not; 3,000 do: each sees what the one before it took.
    payment(admin, "USMF:PAY-1", adatum, "9500.00", "USMF:INV-1")
    job = clerk.post("jobs", {"kind": "evaluate_for_release", "parameters": {"customer": adatum}}).is_(202)
    run_jobs()
    result = clerk.get(f"jobs/{job['id']}").is_(200)["result"]
    assert (result["evaluated"], result["cleared"], result["ready"], result["released"]) == (3, 2, 0, 2)
    assert result["failed"] == []
    states = {number: erp.get(f"sales-orders/USMF:SO-{number}").is_(200) for number in (1, 2, 3)}
    assert [states[n]["credit_status"] for n in (1, 2, 3)] == ["released", "on_hold", "released"]
    assert [states[n]["document_status"] for n in (1, 2, 3)] == ["confirmation", "open", "confirmation"]

    # Again: nothing changes.
    job = clerk.post("jobs", {"kind": "evaluate_for_release", "parameters": {}}).is_(202)
    run_jobs()
    result = clerk.get(f"jobs/{job['id']}").is_(200)["result"]
    assert (result["evaluated"], result["cleared"], result["released"]) == (1, 0, 0)
