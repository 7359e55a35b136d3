"""Short ways to say facts in the tables of this folder; everything unsaid is as harmless as it can be."""

import datetime as dt
from decimal import Decimal
from typing import Any

from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import (
    Action,
    Checkpoint,
    CheckpointSetting,
    CoverPart,
    CustomerPosition,
    GroupPosition,
    Level,
    OrderFacts,
    Parameters,
    Part,
    Policy,
    Question,
    Rule,
    RuleType,
    Setting,
)
from customers.money import Rates

TODAY = dt.date(2026, 11, 21)
CUSTOMER = "USMF:US-001"
EVERY_CHECKPOINT = {document.value: CheckpointSetting(posting=True) for document in Checkpoint}


def money(amount: str | int | Decimal) -> Decimal:
    """An amount as it comes from the database: four places."""
    return Decimal(amount).quantize(Decimal("0.0001"))


def rule(type: str, action: str = "blocking", level: str = "all", **values: Any) -> Rule:
    """A rule whose id and name say what it is, unless told."""
    name = values.pop("name", f"{type}-{action}-{level}")
    for key in ("amount", "threshold_percent", "threshold_amount"):
        if key in values:
            values[key] = Decimal(values[key])
    if "amount" in values or "threshold_amount" in values:
        values.setdefault("currency", "USD")
    if level == "table":
        values.setdefault("customer", CUSTOMER)
    if level == "group":
        values.setdefault("credit_management_group", "WHOLESALE")
    values.setdefault("id", name)
    return Rule(name=name, type=RuleType(type), action=Action(action), level=Level(level), **values)


def position(account: str = CUSTOMER, *, balance: Any = 0, overdue: Any = 0, **values: Any) -> CustomerPosition:
    """A customer of USMF in USD with a limit of 100,000, owing `balance`."""
    values.setdefault("limit", 100_000)
    for key in ("limit", "temporary_limit"):
        if values.get(key) is not None:
            values[key] = money(values[key])
    values.setdefault("parts", (Part("USD", balance=money(balance), overdue=money(overdue)),))
    values.setdefault("expires_on", TODAY + dt.timedelta(days=30))
    values.setdefault("account_id", sum(map(ord, account)))
    values.setdefault("legal_entity", account.split(":", maxsplit=1)[0])
    values.setdefault("currency", "USD")
    return CustomerPosition(account=account, **values)


def policy_of(value: Any, *, currency: str = "USD", **values: Any) -> CoverPart:
    """Cover of `value`: all of it counts, unless `percent`, `amount` or `in_exposure` say otherwise."""
    for key in ("percent", "amount"):
        if key in values:
            values[key] = money(values[key])
    if "amount" not in values:
        values.setdefault("percent", money(100))
    return CoverPart(currency, money(value), **values)


def group(*members: CustomerPosition, **values: Any) -> GroupPosition:
    """A credit group in USD of these members."""
    values.setdefault("expires_on", TODAY + dt.timedelta(days=30))
    values["limit"] = money(values.get("limit", 100_000))
    if values.get("temporary_limit") is not None:
        values["temporary_limit"] = money(values["temporary_limit"])
    return GroupPosition(
        **{"account": "group:G1", "account_id": 9_000, "currency": "USD", "members": members, **values}
    )


def order(amount: Any = 1_000, **values: Any) -> OrderFacts:
    """An order of the customer in USD, nothing of it delivered or invoiced."""
    values.setdefault("uninvoiced", amount)
    values.setdefault("delivered", 0)
    for key in ("uninvoiced", "delivered"):
        values[key] = money(values[key])
    identity = values.setdefault("id", 1)
    payer = values.setdefault("payer", CUSTOMER)
    defaults = {"key": f"USMF:SO-{identity}", "legal_entity": "USMF", "customer": payer, "currency": "USD"}
    return OrderFacts(**{**defaults, "amount": money(amount), **values})


def policy(*rules: Rule, legal_entity: str | None = None, **parameters: Any) -> Policy:
    """These rules, and one row of parameters with every checkpoint on."""
    parameters.setdefault("checkpoints", EVERY_CHECKPOINT)
    return Policy(version=1, rules=rules, parameters={legal_entity: Parameters(**parameters)})


def setting(as_of: dt.date = TODAY, legal_entity: str = "USMF", **rates: str) -> Setting:
    """The day and rates of a legal entity: `EUR_USD="1.10"` is how much of USD one EUR is worth."""
    pairs = {(name[:3], name[4:]): Decimal(rate) for name, rate in rates.items()}
    return Setting(legal_entity, as_of, Rates(pairs, {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0}))


def check(
    facts: OrderFacts | None = None,
    customer: CustomerPosition | None = None,
    *rules: Rule,
    groups: tuple[GroupPosition, ...] = (),
    checkpoint: str = "confirmation",
    pro_forma: bool = False,
    evaluation: bool = False,
    where: Setting | None = None,
    **parameters: Any,
) -> Decision:
    """Decide on one order of one customer under these rules and parameters."""
    book = Book([customer or position()], groups)
    asked = Question(Checkpoint(checkpoint), pro_forma, evaluation)
    return decide(
        book, facts or order(), policy=policy(*rules, **parameters), question=asked, setting=where or setting()
    )


def types(decision: Decision) -> tuple[str, ...]:
    """The types of the decision's reasons, in order."""
    return tuple(reason.type for reason in decision.reasons)
