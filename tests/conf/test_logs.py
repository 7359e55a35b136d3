"""Log lines are for operators: they say what failed and where, not what customers owe."""

import io
import json
import logging
import logging.config

from credit_mgmt.conf.logs import logging_config


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
