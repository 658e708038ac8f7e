from __future__ import annotations

import io
import json
import logging

from broadsheet.plumbing import logs


def written(**event):
    return dict(logs.scrub(None, "info", dict(event)))


def test_what_names_a_person_is_dropped():
    assert written(event="told", email="a@b.example", ip="1.2.3.4", story=7) == {
        "event": "told",
        "story": 7,
    }


def test_an_address_in_a_sentence_is_masked():
    said = written(event="no mailbox kavya.iyer+x@news.example.com here", n=1)
    assert said == {"event": "no mailbox (mail address) here", "n": 1}


def test_a_stranger_to_structlog_is_written_as_json_too():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        logs.structlog.stdlib.ProcessorFormatter(
            **{k: v for k, v in logs.LOGGING["formatters"]["json"].items() if k != "()"}
        )
    )
    logger = logging.getLogger("a.library")
    logger.addHandler(handler)
    try:
        logger.warning("to %s", "kavya@example.com")
    finally:
        logger.removeHandler(handler)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["level"]) == ("to (mail address)", "warning")


def test_a_failed_request_is_told_without_its_path():
    fault = "Internal Server Error: /accounts/link/s3cret-key/"
    assert written(event=fault, logger="django.request") == {
        "event": "Internal Server Error",
        "logger": "django.request",
    }
