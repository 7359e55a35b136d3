from tests.engine.build import *
def test_it_runs():
    d = check(order(24300), position(balance=203750, limit=210000), rule("limit_used", threshold_percent=100), rule("days_overdue", days=45))
    print(d)
    assert types(d)==("limit_used",)
