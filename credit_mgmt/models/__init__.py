"""What we think of it: limits, policy, decisions, and the credit that orders use."""

from credit_mgmt.models.accounts import Clearance, Commitment, CreditAccount, LimitHistory, TemporaryLimit
from credit_mgmt.models.backtests import Backtest, BacktestRow
from credit_mgmt.models.cover import CoverageType, CoverChange, CoverPolicy, PolicyType
from credit_mgmt.models.decisions import CreditUse, DecisionRecord
from credit_mgmt.models.figures import AccountFigures
from credit_mgmt.models.journals import JournalNumber, JournalUndo, LimitJournal, LimitJournalLine, RequiredApproval
from credit_mgmt.models.pinned import PinnedSetup
from credit_mgmt.models.policy import CheckpointSetting, Parameters, PolicyClock, PolicyVersion
from credit_mgmt.models.rules import BlockingRule, RuleEvent, RuleState, RuleVersion, ShadowResult

__all__ = [
    "AccountFigures",
    "Backtest",
    "BacktestRow",
    "BlockingRule",
    "CheckpointSetting",
    "Clearance",
    "Commitment",
    "CoverChange",
    "CoverPolicy",
    "CoverageType",
    "CreditAccount",
    "CreditUse",
    "DecisionRecord",
    "JournalNumber",
    "JournalUndo",
    "LimitHistory",
    "LimitJournal",
    "LimitJournalLine",
    "Parameters",
    "PinnedSetup",
    "PolicyClock",
    "PolicyType",
    "PolicyVersion",
    "RequiredApproval",
    "RuleEvent",
    "RuleState",
    "RuleVersion",
    "ShadowResult",
    "TemporaryLimit",
]
