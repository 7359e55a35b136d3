"""Journals in the admin: seen by who may see limits, cancelled by the service and by nothing else."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from credit_mgmt.models import LimitJournal
from tests import factories as make
from tests.factories_credit import customer_with_limit
from tests.factories_journals import a_journal, line, post

pytestmark = pytest.mark.django_db
LIST = "/admin/credit_mgmt/limitjournal/"


def browser(*grants: tuple[str, str | None]) -> Client:
    user = make.UserFactory(is_staff=True, grants=list(grants))
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user.pk))
    return client


def cancel(client: Client, *journals: LimitJournal) -> str:
    chosen = {"action": "cancel_selected", "_selected_action": [journal.pk for journal in journals]}
    return client.post(LIST, chosen, follow=True).content.decode()


def test_a_journal_opens_with_its_lines_and_cannot_be_changed() -> None:
    journal = a_journal(line(customer_with_limit("100", account="C-1"), 250))
    client = browser(("credit_clerk", "USMF"))
    assert "USMF-000001" in client.get(LIST).content.decode()
    shown = client.get(f"{LIST}{journal.pk}/change/").content.decode()
    assert "USMF:C-1" in shown
    assert client.post(f"{LIST}{journal.pk}/change/", {"description": "x"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    make.LegalEntityFactory(code="DEMF")
    assert browser(("credit_clerk", "DEMF")).get(f"{LIST}{journal.pk}/change/").status_code == 302


def test_drafts_are_cancelled_all_or_none() -> None:
    draft, posted = a_journal(), post(a_journal(line(customer_with_limit("100"), 250)))
    clerk = browser(("credit_clerk", None))
    assert "is posted and never changes" in cancel(clerk, draft, posted)
    assert LimitJournal.objects.get(pk=draft.pk).status == "draft"
    assert "needs one of these roles" in cancel(browser(("viewer", None)), draft)
    cancel(clerk, draft)
    assert LimitJournal.objects.get(pk=draft.pk).status == "cancelled"
