"""Log lines are for operators: they say what failed and where, not what customers owe."""

import io
import json
import logging
import logging.config

from credit_mgmt.conf.logs import logging_config, requests


def test_a_logged_fault_carries_its_traceback_without_the_variables_of_its_frames() -> None:
    stream = io.StringIO()
    config = logging_config("INFO")
    formatter = config["formatters"]["json"]
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter["()"](**{name: value for name, value in formatter.items() if name != "()"}))
    logger = logging.getLogger("test of the log")
    logger.addHandler(handler)
    try:
        secret_limit = "123456.78"
        raise ValueError("nothing was decided" if secret_limit else "")
    except ValueError:
        logger.exception("a fault")
    finally:
        logger.removeHandler(handler)

    line = json.loads(stream.getvalue())
    assert line["event"] == "a fault"
    assert line["exception"][0]["exc_type"] == "ValueError"
    assert "123456.78" not in stream.getvalue()


def test_a_request_is_one_line_without_its_query(client) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    requests.addHandler(handler)
    try:
        client.get("/api/v1/health/live?customer=secret", headers={"X-Request-ID": "erp-17"})
    finally:
        requests.removeHandler(handler)
    [line] = stream.getvalue().splitlines()
    logged = json.loads(line)
    assert (logged["event"], logged["method"], logged["path"], logged["status"], logged["request_id"]) == (
        "request",
        "GET",
        "/api/v1/health/live",
        200,
        "erp-17",
    )
    assert {"level", "logger", "timestamp", "milliseconds"} < set(logged)
    assert "secret" not in line
