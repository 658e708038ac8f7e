from __future__ import annotations

import os
import signal
import smtplib
import socket
import subprocess
import sys
import time
from email.message import EmailMessage
from pathlib import Path

import pytest

from broadsheet.plumbing import inbox as inbox_module
from broadsheet.plumbing.inbox import Inbox, NoSuchMail


def mail(subject="Hello", body="Good morning."):
    message = EmailMessage()
    message["From"] = "paper@example.com"
    message["To"] = "asha@example.com"
    message["Subject"] = subject
    message.set_content(body)
    return message


def test_a_mail_comes_out_as_it_went_in(tmp_path):
    box = Inbox(tmp_path / "inbox")
    raw = mail("सुप्रभात").as_bytes()
    key = box.keep(raw)
    found = box.open(key)
    assert found.raw == raw
    assert (found.summary.to, found.summary.subject, found.text) == (
        "asha@example.com",
        "सुप्रभात",
        "Good morning.\n",
    )
    assert found.html == ""
    assert box.page() == [found.summary]


def test_an_inbox_never_written_to_is_empty(tmp_path):
    box = Inbox(tmp_path / "inbox")
    assert (box.count(), box.page()) == (0, [])


def test_the_newest_are_kept(tmp_path):
    box = Inbox(tmp_path / "inbox", most=3)
    for number in range(5):
        box.keep(mail(f"number {number}").as_bytes())
    assert [m.subject for m in box.page()] == ["number 4", "number 3", "number 2"]
    assert [m.subject for m in box.page(start=1, limit=1)] == ["number 3"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: =?utf-8?q?=ff?=\r\nTo: <<<>>>,,;\r\nFrom: @\r\n\r\nx",
        b"Content-Type: text/plain; charset=martian\r\n\r\nx",
        b"Content-Type: multipart/alternative; boundary=a\r\n\r\n--b\r\n",
        b"Content-Type: text/html; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"Subject: " + b"a" * 200_000 + b"\r\n\r\nx",
    ],
)
def test_a_mail_that_is_no_mail_is_kept_and_shown(tmp_path, raw):
    box = Inbox(tmp_path / "inbox")
    key = box.keep(raw)
    assert box.open(key).raw == raw
    assert len(box.page()) == 1


@pytest.mark.parametrize("key", ["", ".", "..", "../secret", "/etc/passwd", "a\x00b"])
def test_no_key_leads_out_of_the_folder(tmp_path, key):
    box = Inbox(tmp_path / "inbox")
    box.keep(b"x")
    (tmp_path / "inbox" / "secret").write_text("secret")
    with pytest.raises(NoSuchMail):
        box.open(key)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(tmp_path, port):
    return subprocess.Popen(
        [sys.executable, "-m", "broadsheet.plumbing.inbox"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
            "BROADSHEET_VAR": str(tmp_path),
            "BROADSHEET_SMTP_URL": f"smtp://127.0.0.1:{port}",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.process
def test_the_process_keeps_mail_refuses_the_huge_and_stops_when_told(tmp_path):
    port = free_port()
    process = start(tmp_path, port)
    try:
        told = process.stdout.readline()
        assert told == f"inbox: keeping mail for 127.0.0.1:{port} in {tmp_path}/inbox\n"
        with _connect(port) as smtp:
            smtp.send_message(mail())
            with pytest.raises(smtplib.SMTPException):
                smtp.send_message(mail("huge", "a" * (inbox_module.LARGEST + 1)))
    finally:
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    assert [m.subject for m in Inbox(tmp_path / "inbox").page()] == ["Hello"]


def _connect(port):
    for _ in range(50):
        try:
            return smtplib.SMTP("127.0.0.1", port, timeout=10)
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise AssertionError("the inbox never listened")


@pytest.mark.process
def test_a_port_in_use_is_told_in_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path, port)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert err.startswith(f"inbox: cannot listen on 127.0.0.1:{port} (")
    assert err.count("\n") == 1
