"""Customer credit groups on pages (`ux.md` 3.9, `domain 3.4`): list, group, members, the customer's tab."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt.models import CreditAccount, LimitHistory
from customers.models import Customer, CustomerCreditGroup, ExchangeRate, LegalEntity, Party, Role
from tests.factories_holds import DAY, a_customer, a_group, an_entity, an_invoice, an_order, held, parameters

pytestmark = pytest.mark.django_db
UNTIL = DAY + dt.timedelta(days=200)


def shown(answer) -> str:
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return answer.content.decode()


@pytest.fixture
def nordkap(world) -> CustomerCreditGroup:
    """Three members in three entities with three currencies; the group is in US dollars."""
    for code, currency in (("NLMF", "EUR"), ("GBMF", "GBP")):
        an_entity(code, currency)
    for currency, rate in (("EUR", "1.25"), ("GBP", "1.50")):
        ExchangeRate.objects.create(
            rate_type="default", from_currency_id=currency, to_currency_id="USD", rate=Decimal(rate),
            valid_from=DAY - dt.timedelta(days=9),
        )  # fmt: skip
    group = a_group("G-021", limit="10000")
    for entity, account, limit in (("USMF", "US-1", "5000"), ("NLMF", "NL-1", "0"), ("GBMF", "GB-1", None)):
        a_customer(account, limit=limit, entity=entity_of(entity), credit_group=group)
    return group


def entity_of(code: str) -> LegalEntity:
    return LegalEntity.objects.get(code=code)


def member(account: str) -> Customer:
    return Customer.objects.get(account=account)


def test_the_list_shows_where_each_group_stands(nordkap, clerk):
    an_invoice(member("NL-1"), "4000")  # 5,000 USD
    a_group("G-EMPTY")
    page = shown(clerk.get("/groups/"))
    for words in ("G-021", "10,000.00", "5,000.00", "50\N{NO-BREAK SPACE}%", "GBMF, NLMF, USMF", "G-EMPTY"):
        assert words in page, words
    assert "G-EMPTY" not in shown(clerk.get("/groups/?q=021"))


def test_the_group_shows_limit_members_shares_rates_and_aged_balances(nordkap, clerk):
    """domain 3.4: aged balances per member and in total; ux 3.9: rate and rate date where converted"""
    an_invoice(member("NL-1"), "4000", due=DAY - dt.timedelta(days=40))
    an_invoice(member("GB-1"), "1000")
    answer = clerk.get("/groups/G-021/")
    overview = answer.context["it"]
    assert (overview.exposure, overview.available) == (Decimal(6500), Decimal(3500))
    assert [one.share.quantize(Decimal(1)) if one.share else 0 for one in overview.members] == [23, 77, 0]
    page = shown(answer)
    for words in ("1.2500", "1.5000", "Aged balances", "31–60", "group’s limit stands in", "unlimited"):
        assert words in page, words
    assert "All members" in page


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("US-1", "The group’s limit is tested first, then its own. Its own is the tighter limit."),
        ("NL-1", "Its own limit is 0 and not mandatory: the group’s limit stands in for it."),
        ("GB-1", "It is unlimited: only the group’s limit binds."),
    ],
)
def test_the_customers_tab_says_which_limit_binds(nordkap, clerk, account, words):
    customer = member(account)
    page = shown(clerk.get(f"/customers/{customer.legal_entity_id}/{account}/panels/groups/"))
    assert words in page
    assert "10,000.00" in page


def test_a_customer_in_no_group_is_told_so(world, clerk):
    a_customer("US-ALONE")
    assert "in no credit group" in shown(clerk.get("/customers/USMF/US-ALONE/panels/groups/"))


class TestWhoSeesOneEntityOnly:
    def test_sees_its_members_and_no_figures_of_the_group(self, nordkap, sign_in):
        an_invoice(member("NL-1"), "4000")
        local = sign_in(Role.CREDIT_CLERK, "NLMF")
        page = shown(local.get("/groups/G-021/"))
        assert "NL-1" in page
        assert "US-1" not in page
        assert "10,000.00" not in page
        assert "you do not see" in page
        assert "not shown" in shown(local.get("/groups/"))

    def test_cannot_change_it(self, nordkap, sign_in):
        local = sign_in(Role.CREDIT_MANAGER, "NLMF")
        assert "Add members" not in shown(local.get("/groups/G-021/"))
        assert local.get("/groups/G-021/members/add/").status_code == 404
        assert local.post("/groups/G-021/members/remove/", {"member": "NLMF:NL-1"}).status_code in {403, 404, 400}
        assert member("NL-1").credit_group_id == "G-021"

    def test_does_not_see_a_group_without_a_member_there(self, nordkap, sign_in):
        an_entity("FRMF", "EUR")
        assert sign_in(Role.CREDIT_CLERK, "FRMF").get("/groups/G-021/").status_code == 404


class TestMembers:
    def test_are_found_suggested_and_added_after_a_look_at_what_changes(self, nordkap, manager):
        party = Party.objects.create(number="P-1", name="Nordkap")
        Customer.objects.filter(account="US-1").update(party=party)
        late = a_customer("NL-9", limit="700", entity=entity_of("NLMF"), party=party)
        an_invoice(late, "2000")
        page = shown(manager.get("/groups/G-021/members/add/"))
        assert "the same party as USMF:US-1" in page
        assert Customer.objects.get(account="NL-9").credit_group_id is None
        page = shown(manager.get("/groups/G-021/members/add/?q=NL-9&member=NLMF:NL-9"))
        assert "2,500.00" in page
        answer = manager.post("/groups/G-021/members/add/", {"member": "NLMF:NL-9"})
        assert answer["Location"] == "/groups/G-021/"
        assert Customer.objects.get(account="NL-9").credit_group_id == "G-021"

    def test_take_over_the_groups_date(self, nordkap, manager):
        """domain 3.4: through limit history"""
        parameters(allow_manual_editing_of_credit_limits=True)
        manager.post("/groups/G-021/limit/", {"credit_limit": "10000", "credit_limit_to": UNTIL.isoformat()})
        a_customer("US-9")
        manager.post("/groups/G-021/members/add/", {"member": "USMF:US-9"})
        accounts = CreditAccount.objects.filter(customer__account__in=["US-1", "NL-1", "GB-1", "US-9"])
        assert set(accounts.values_list("expires_on", flat=True)) == {UNTIL}
        last = LimitHistory.objects.filter(account__customer__account="US-9").latest("sequence")
        assert last.source == "group"

    def test_are_removed_after_a_look_at_what_changes(self, nordkap, manager):
        page = shown(manager.get("/groups/G-021/members/remove/?member=NLMF:NL-1"))
        assert "Remove from the group" in page
        manager.post("/groups/G-021/members/remove/", {"member": "NLMF:NL-1"})
        assert member("NL-1").credit_group_id is None
        assert "left" in shown(manager.get("/groups/G-021/"))

    def test_of_another_group_say_so_and_nothing_is_written(self, nordkap, manager):
        a_customer("US-9", credit_group=a_group("G-2"))
        answer = manager.post("/groups/G-021/members/add/", {"member": "USMF:US-9"})
        assert answer.status_code == 422
        assert "is a member of G-2" in answer.content.decode()

    def test_nobody_ticked_is_said(self, nordkap, manager):
        answer = manager.post("/groups/G-021/members/add/", {})
        assert answer.status_code == 422
        assert "Tick at least one customer." in answer.content.decode()


class TestGroups:
    FIELDS = {"number": "G-NEW", "description": "New", "currency": "USD", "credit_limit": "500.00"}

    def test_are_made_with_an_opening_limit(self, world, manager):
        answer = manager.post("/groups/new/", {**self.FIELDS, "credit_limit_to": UNTIL.isoformat()})
        assert answer["Location"] == "/groups/G-NEW/"
        account = CreditAccount.objects.get(group="G-NEW")
        assert (account.limit_amount, account.expires_on) == (500, UNTIL)
        assert LimitHistory.objects.get(account=account).source == "opening"

    def test_need_a_date(self, world, manager):
        answer = manager.post("/groups/new/", self.FIELDS)
        assert answer.status_code == 422
        assert not CustomerCreditGroup.objects.exists()

    def test_have_one_number_each(self, nordkap, manager):
        fields = {**self.FIELDS, "number": "G-021", "credit_limit_to": UNTIL.isoformat()}
        answer = manager.post("/groups/new/", fields)
        assert answer.status_code == 422
        assert "There is a credit group G-021 already." in answer.content.decode()

    def test_change_their_limit_by_hand_only_where_the_default_row_allows_it(self, nordkap, manager):
        given = {"credit_limit": "777.00", "credit_limit_to": UNTIL.isoformat()}
        parameters(allow_manual_editing_of_credit_limits=False)
        page = shown(manager.get("/groups/G-021/"))
        assert "/journals/change/?group=G-021" in page
        assert "/groups/G-021/limit/" not in page
        answer = manager.post("/groups/G-021/limit/", given)
        assert answer.status_code == 422
        parameters(allow_manual_editing_of_credit_limits=True)
        manager.post("/groups/G-021/limit/", given)
        assert CreditAccount.objects.get(group=nordkap).limit_amount == 777

    def test_are_described_and_count_days_overdue_as_they_are_told(self, nordkap, manager):
        manager.post("/groups/G-021/edit/", {"description": "Nordkap", "use_member_days_overdue": "on"})
        nordkap.refresh_from_db()
        assert (nordkap.description, nordkap.use_member_days_overdue) == ("Nordkap", True)

    def test_are_read_by_clerks(self, nordkap, clerk):
        assert "Add members" not in shown(clerk.get("/groups/G-021/"))
        assert clerk.get("/groups/new/").status_code == 403


def test_the_number_of_queries_does_not_depend_on_groups_or_members(nordkap, clerk, django_assert_max_num_queries):
    clerk.get("/groups/")
    with django_assert_max_num_queries(15) as few:
        clerk.get("/groups/")
    for number in range(5):
        group = a_group(f"G-{number}")
        for place in range(3):
            a_customer(f"C-{number}-{place}", credit_group=group)
    held(an_order(a_customer("US-H", limit="0", mandatory=True, credit_group=nordkap), "10"))
    with django_assert_max_num_queries(len(few)):
        clerk.get("/groups/")
    with django_assert_max_num_queries(20):
        clerk.get("/groups/G-021/")
