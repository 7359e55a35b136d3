"""Preferences (`ux.md` 3.18): kept with the person, applied by the server, before the first paint."""

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model

from credit_mgmt.models import CreditAccount
from customers import numbers
from customers.access import actor_of_user, system_actor
from customers.errors import InvalidInput
from customers.models import Preferences
from customers.preferences import preferences_of, set_preferences
from tests.factories_holds import a_customer, a_user, an_order, held, parameters

pytestmark = pytest.mark.django_db
CHOSEN = {
    "theme": "dark", "density": "comfortable", "shortcuts": "alt", "home_view": "ready", "page_size": "100",
    "time_zone": "Europe/Amsterdam", "number_style": "comma_point",
}  # fmt: skip


def shown(answer) -> str:
    return answer.content.decode()


def whole(answer) -> str:
    return b"".join(answer.streaming_content).decode() if answer.streaming else shown(answer)


def test_who_chose_nothing_has_the_defaults(clerk):
    page = shown(clerk.get("/holds/"))
    assert '<html lang="en">' in page
    assert "Times in UTC" in page


def test_what_is_chosen_is_part_of_the_next_page_itself(clerk):
    answer = clerk.post("/preferences/", CHOSEN, follow=True)
    page = shown(answer)
    assert "Preferences saved." in page
    assert '<html lang="en" data-theme="dark" data-density="comfortable" data-keys="alt">' in page
    assert '<meta name="color-scheme" content="dark">' in page
    assert "Times in Europe/Amsterdam" in page


def test_home_leads_to_the_chosen_view(clerk):
    clerk.post("/preferences/", CHOSEN)
    assert clerk.get("/").headers["Location"] == "/holds/?view=ready"
    assert 'href="/holds/?view=ready"' in shown(clerk.get("/rules/"))


def test_lists_have_the_chosen_number_of_rows(clerk):
    clerk.post("/preferences/", {**CHOSEN, "page_size": "25"})
    for number in range(30):
        an_order(a_customer(f"US-{number}"), "10", f"SO-{number:02}")
    assert len(clerk.get("/orders/").context["rows"]) == 25
    assert len(clerk.get("/orders/?per=50").context["rows"]) == 30, "the address says otherwise"


def test_the_hold_list_has_the_chosen_number_of_rows(clerk):
    clerk.post("/preferences/", {**CHOSEN, "page_size": "25"})
    customer = a_customer(limit="1")
    for number in range(26):
        held(an_order(customer, "10", f"SO-{number:02}"))
    assert len(clerk.get("/holds/").context["rows"]) == 25


def test_the_theme_switch_of_the_menu_keeps_the_rest_and_comes_back(clerk):
    clerk.post("/preferences/", CHOSEN)
    answer = clerk.post("/preferences/theme/", {"theme": "light", "next": "/rules/"})
    assert answer.headers["Location"] == "/rules/"
    kept = Preferences.objects.get()
    assert (kept.theme, kept.density) == ("light", "comfortable")


@pytest.mark.parametrize("address", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_the_theme_switch_leads_nowhere_else(clerk, address):
    assert clerk.post("/preferences/theme/", {"theme": "dark", "next": address}).headers["Location"] == "/preferences/"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("theme", "pink"),
        ("page_size", "33"),
        ("time_zone", "Mars/Olympus"),
        ("home_view", "nope"),
        ("number_style", "roman"),
    ],
)
def test_what_is_not_offered_is_refused_beside_its_field_and_nothing_is_kept(clerk, field, value):
    answer = clerk.post("/preferences/", {**CHOSEN, field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Preferences.objects.exists()


def test_a_service_names_every_wrong_field():
    actor = a_user("mira")
    with pytest.raises(InvalidInput) as caught:
        set_preferences(actor=actor, theme="pink", page_size=33, time_zone="Mars/Olympus")
    assert {error.field for error in caught.value.errors} == {"theme", "page_size", "time_zone"}


def test_machines_have_no_preferences():
    from customers.access import NotAllowed

    with pytest.raises(NotAllowed):
        set_preferences(actor=system_actor("test"), theme="dark")


def test_two_people_have_their_own(clerk, manager):
    clerk.post("/preferences/", CHOSEN)
    assert 'data-theme="dark"' not in shown(manager.get("/holds/"))


@pytest.mark.parametrize(
    ("style", "locale", "amount"),
    [
        ("comma_point", "", "1,234.50"),
        ("point_comma", ' data-numbers="de"', "1.234,50"),
        ("space_comma", ' data-numbers="fr"', "1\N{NARROW NO-BREAK SPACE}234,50"),
        ("apostrophe_point", ' data-numbers="de-CH"', "1’234.50"),
    ],
)
def test_numbers_are_written_as_chosen(clerk, style, locale, amount):
    an_order(a_customer(), "1234.5", "SO-1")
    page = clerk.post("/preferences/", {**CHOSEN, "number_style": style}, follow=True)
    assert f'<option value="{style}" selected>' in shown(page)
    assert f'data-keys="alt"{locale}>' in shown(page)
    assert amount in shown(clerk.get("/orders/"))


def test_each_request_has_the_style_of_its_reader(clerk, manager, client):
    """One thread answers them one after the other."""
    an_order(a_customer(), "1234.5", "SO-1")
    clerk.post("/preferences/", {**CHOSEN, "number_style": "point_comma"})
    assert "1.234,50" in shown(clerk.get("/orders/"))
    assert "1,234.50" in shown(manager.get("/orders/"))
    assert "1.234,50" in shown(clerk.get("/orders/"))
    client.get("/")
    assert numbers.active() == "comma_point"


def test_a_limit_is_read_as_its_reader_writes_it_and_kept_in_plain_digits(clerk):
    a_customer("US-001")
    parameters(allow_manual_editing_of_credit_limits=True)
    clerk.post("/preferences/", {**CHOSEN, "number_style": "point_comma"})
    address = "/customers/USMF/US-001/limit/"
    refused = clerk.post(address, {"limit_amount": "1.234", "note": "as agreed"})
    assert "may be read in two ways" in shown(refused)
    assert CreditAccount.objects.get().limit_amount == 1000
    clerk.post(address, {"limit_amount": "1.234,50", "note": "as agreed"})
    assert CreditAccount.objects.get().limit_amount == Decimal("1234.50")


@pytest.mark.parametrize("address", ["/api/v1/holds/", "/holds/export/?cols=customer,value,over&format=csv"])
def test_files_and_the_api_speak_to_machines(clerk, address):
    held(an_order(a_customer(limit="1"), "1234.5", "SO-1"))
    before = whole(clerk.get(address))
    assert "1234.50" in before
    clerk.post("/preferences/", {**CHOSEN, "number_style": "point_comma", "time_zone": ""})
    assert whole(clerk.get(address)) == before


def test_preferences_cost_no_query_of_their_own(clerk, django_assert_num_queries):
    user = get_user_model().objects.get(username="clerk")
    set_preferences(actor=actor_of_user(user), theme="dark")
    read = get_user_model().objects.select_related("preferences").get(pk=user.pk)
    with django_assert_num_queries(0):
        assert preferences_of(read).theme == "dark"
    clerk.get("/preferences/")
    with django_assert_num_queries(5):  # session, person with preferences, grants, views, running jobs
        clerk.get("/preferences/")
