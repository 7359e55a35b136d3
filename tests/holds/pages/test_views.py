"""Saved views, pinned tabs and columns of the hold list, without a script (`ux.md` 3.0, List contract)."""

import datetime as dt

import pytest
from django.test import Client

from customers.listing.views import MOST_SAVED
from customers.models import ListLayout, Role, SavedView
from tests.holds.pages.rows import NOW, TODAY, a_customer, a_hold, a_user, an_entity, an_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.CREDIT_TODAY = TODAY


@pytest.fixture
def entity():
    return an_entity()


@pytest.fixture
def clerk(client: Client, entity) -> Client:
    client.force_login(a_user(entity=entity))
    return client


def saved(client: Client, query: str, label: str = "Big ones", **fields: str):
    return client.post("/holds/views/new/", {"from": query, "label": label, "visibility": "me", **fields}, follow=True)


def listed(answer) -> list[str]:
    return [row["hold"].order_number for row in answer.context["rows"]]


def heads(answer) -> list[str]:
    return [head["label"] for head in answer.context["heads"]]


@pytest.fixture
def holds(entity):
    customer = a_customer(entity)
    return [a_hold(an_order(customer, amount, number=f"SO-{amount}")) for amount in ("10", "200", "3000")]


def test_a_view_keeps_filters_sort_group_and_columns_under_a_slug(clerk, holds):
    page = saved(clerk, "value_min=100&sort=-value&cols=order,value,checkpoint")
    assert page.request["QUERY_STRING"] == "view=big-ones"
    assert listed(page) == ["SO-3000", "SO-200"]
    assert heads(page) == ["Order", "Value", "Checkpoint"]
    assert [tab["label"] for tab in page.context["tabs"] if tab["active"]] == ["Big ones"]
    assert listed(clerk.get("/holds/?view=big-ones&value_min=1000")) == ["SO-3000"]
    assert listed(clerk.get("/holds/?view=big-ones&value_min=")) == ["SO-3000", "SO-200", "SO-10"]


def test_a_view_saved_from_a_shipped_one_keeps_what_that_says(clerk, holds):
    saved(clerk, "view=unassigned&value_max=100", "Small and nobody's")
    assert SavedView.objects.get().query == "status=open&owner=none&snoozed=no&value_max=100"


def test_an_unsaved_change_is_marked_and_can_be_saved_or_reset(clerk, holds):
    page = saved(clerk, "value_min=100")
    assert not page.context["view_acts"]["changed"]
    changed = clerk.get("/holds/?view=big-ones&value_min=1000")
    acts = changed.context["view_acts"]
    assert acts["changed"]
    assert "changed</span>" in changed.content.decode()
    assert acts["reset_url"] == "?view=big-ones"
    clerk.post(acts["save_url"], {"from": acts["query"]})
    assert SavedView.objects.get().query == "status=open&snoozed=no&value_min=1000"
    assert listed(clerk.get("/holds/?view=big-ones")) == ["SO-3000"]


def test_shipped_views_cannot_be_changed_only_copied(clerk, holds):
    acts = clerk.get("/holds/?view=ready&value_min=1").context["view_acts"]
    assert acts["save_url"] == ""
    answer = clerk.post("/holds/views/ready/save/", {"from": "value_min=1"})
    assert answer.status_code == 409
    assert "can&#x27;t be changed" in answer.content.decode()
    assert saved(clerk, "view=ready&value_min=1", "Ready").request["QUERY_STRING"] == "view=ready-2"


class TestWhoSees:
    def views(self, client) -> set[str]:
        page = client.get("/holds/")
        return {tab["label"] for tab in (*page.context["tabs"], *page.context["more_tabs"])}

    def test_mine_are_mine_those_of_a_role_are_the_roles_and_some_are_everyones(self, client, entity):
        owner = a_user("owner", entity=entity)
        for label, fields in (
            ("Own", {"visibility": "me"}), ("Clerks", {"visibility": "role", "role": "credit_clerk"}),
            ("All", {"visibility": "everyone"}),
        ):  # fmt: skip
            client.force_login(owner)
            saved(client, "value_min=1", label, **fields)
        assert {"Own", "Clerks", "All"} <= self.views(client)
        client.force_login(a_user("colleague", entity=entity))
        assert {"Own", "Clerks", "All"} & self.views(client) == {"Clerks", "All"}
        client.force_login(a_user("auditor", Role.AUDITOR, entity))
        assert {"Own", "Clerks", "All"} & self.views(client) == {"All"}

    def test_a_view_never_shows_more_than_its_reader_may_see(self, client, entity):
        client.force_login(a_user("owner", entity=None))
        a_hold(an_order(a_customer(an_entity("US01", "USD"), "C-9"), number="SO-THEIRS"))
        saved(client, "entity=US01", "Theirs", visibility="everyone")
        client.force_login(a_user("colleague", entity=entity))
        page = client.get("/holds/?view=theirs")
        assert listed(page) == []
        assert "“US01” is not a known entity" in page.content.decode()

    def test_only_its_owner_changes_or_deletes_it_and_only_who_works_on_holds_publishes(self, client, entity):
        client.force_login(a_user("owner", entity=entity))
        saved(client, "value_min=1", visibility="everyone")
        client.force_login(a_user("colleague", entity=entity))
        assert client.post("/holds/views/big-ones/save/", {"from": ""}).status_code == 403
        assert client.post("/holds/views/big-ones/delete/").status_code == 403
        client.force_login(a_user("auditor", Role.AUDITOR, entity))
        saved(client, "value_min=2", "For all", visibility="everyone")
        assert (
            SavedView.objects.get(label="For all").visibility == "me"
        )  # the question is not asked, so it is for oneself
        client.force_login(a_user("stranger", entity=entity))
        assert client.post("/holds/views/for-all/delete/").status_code == 404


def test_a_name_is_needed_and_the_number_of_views_is_bounded(clerk, entity):
    answer = clerk.post("/holds/views/new/", {"from": "", "label": "", "visibility": "me"})
    assert answer.status_code == 422
    answer = clerk.post("/holds/views/new/", {"from": "", "label": "X", "visibility": "role", "role": ""})
    assert "Choose the role" in answer.content.decode()
    from django.contrib.auth import get_user_model

    owner = get_user_model().objects.get(username="marta")
    SavedView.objects.bulk_create(
        SavedView(list="holds", slug=f"v-{n}", label=f"V {n}", owner=owner, created_at=NOW, changed_at=NOW)
        for n in range(MOST_SAVED)
    )
    answer = clerk.post("/holds/views/new/", {"from": "", "label": "X", "visibility": "me"})
    assert answer.status_code == 409
    assert "delete one first" in answer.content.decode()


def test_tabs_are_arranged_with_buttons_and_at_most_seven_are_pinned(clerk, entity):
    page = clerk.get("/holds/views/")
    order = [row["view"].slug for row in page.context["rows"]]
    up = clerk.post("/holds/views/", {"order": order, "pin": ["open", "ready"], "up": "ready"})
    order = [row["view"].slug for row in up.context["rows"]]
    assert order[0] == "ready"
    clerk.post("/holds/views/", {"order": order, "pin": ["open", "ready"]})
    page = clerk.get("/holds/")
    assert [tab["label"] for tab in page.context["tabs"]] == ["Ready", "All open"]
    assert "Mine" in [tab["label"] for tab in page.context["more_tabs"]]
    assert "Mine" in [tab["label"] for tab in clerk.get("/holds/?view=mine").context["tabs"]]
    many = clerk.post("/holds/views/", {"order": order, "pin": order[:8]})
    assert many.status_code == 422
    assert "Pin 1 to 7" in many.content.decode()


class TestColumns:
    def test_are_chosen_and_ordered_with_buttons_and_kept_for_the_person(self, client, entity):
        a_hold(an_order(a_customer(entity), number="SO-1"))
        client.force_login(a_user("one", entity=entity))
        dialog = client.get("/holds/columns/?from=value_min=1")
        order = [row["name"] for row in dialog.context["rows"]]
        up = client.post("/holds/columns/", {"from": "", "order": order, "cols": ["value", "terms"], "up": "terms"})
        assert [row["name"] for row in up.context["rows"] if row["chosen"]] == ["order", "value", "terms"]
        names = ["order", "terms", "value", *(name for name in order if name not in ("order", "terms", "value"))]
        answer = client.post("/holds/columns/", {"from": "value_min=1", "order": names, "cols": ["value", "terms"]})
        assert answer.headers["Location"] == "/holds/?value_min=1"
        assert heads(client.get("/holds/")) == ["Order", "Terms", "Value"]
        client.force_login(a_user("two", entity=entity))
        assert "Why held" in heads(client.get("/holds/"))

    def test_the_default_comes_back(self, clerk, entity):
        a_hold(an_order(a_customer(entity)))
        clerk.post("/holds/columns/", {"order": ["order", "value"], "cols": ["value"]})
        assert heads(clerk.get("/holds/")) == ["Order", "Value"]
        clerk.post("/holds/columns/", {"order": ["order"], "default": "1"})
        assert "Why held" in heads(clerk.get("/holds/"))
        assert ListLayout.objects.count() == 1

    def test_every_column_can_be_shown_and_says_what_the_hold_has(self, clerk, entity):
        from holds.lists.columns import COLUMNS

        a_hold(
            an_order(a_customer(entity, sales_person="T. Okafor"), number="SO-1"),
            review_date=dt.date(2026, 11, 27),
            note="called them",
        )
        page = clerk.get(f"/holds/?cols={','.join(COLUMNS)}")
        assert heads(page) == [column.label for column in COLUMNS.values()]
        shown = page.content.decode()
        for words in ("C-10427", "T. Okafor", "N30", "27\xa0Nov", "called them", "Confirmation", "EUR"):
            assert words in shown

    def test_an_unknown_column_is_said_and_left_out(self, clerk, entity):
        a_hold(an_order(a_customer(entity)))
        page = clerk.get("/holds/?cols=order,password")
        assert heads(page) == ["Order"]
        assert "“password” is not a known column" in page.content.decode()
