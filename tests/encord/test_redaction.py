"""Texts without secrets, in a time that grows with their length alone."""

import time

import pytest

from coco_dagster.encord.redaction import (
    brief,
    public_link,
    without_addresses,
    without_queries,
    without_secrets,
)

LENGTH = 50_000


@pytest.mark.parametrize(
    ("link", "public"),
    [
        ("https://host/a.png?X-Amz-Signature=SECRET", "https://host/a.png"),
        ("https://host/a.png?sv=1&sig=SECRET#SECRET", "https://host/a.png"),
        ("https://host?SECRET", "https://host"),
        ("https://host/a#access_token=SECRET", "https://host/a"),
        ("https://me:SECRET@host/a", "https://host/a"),
        ("https://me%40x.org:SEC@RET@host/a", "https://host/a"),
        ("s3://KEY:SEC/RET@bucket/a@b", "s3://b"),
        ("https://host:443/a@b", "https://host:443/a@b"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("https://host/a?mail=SECRET@x.org", "https://host/a"),
        ("bucket/a#1?b", "bucket/a#1?b"),
    ],
)
def test_a_link_keeps_what_is_no_secret(link: str, public: str) -> None:
    assert public_link(link) == public


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("by jane.SECRET@example.com, today", "by <e-mail>, today"),
        ('{"by": "SECRET@x.org"}', '{"by": "<e-mail>"}'),
        ("mailto:SECRET%40x.org", "mailto:<e-mail>"),
        (
            "of `https://h/x?a=SECRET` and 'b/c.jpg?d=SECRET', two",
            "of `https://h/x` and 'b/c.jpg', two",
        ),
        ("a::s3://b/c?SECRET::zip://d", "a::s3://b/c"),
        ("x://h,y://SECRET:SECRET@i", "x://h,y://i"),
        ("AWS_SECRET_ACCESS_KEY=SECRET/SECRET+", "AWS_SECRET_ACCESS_KEY=…"),
        ('{"secret": "SECRET", "key": "AKIASECRETSECRETABCD"}', '{"secret": "…", "key": "…"}'),
        ("password: SECRET", "password: …"),
        ("sig=SECRET&a=b", "sig=…&a=b"),
        ("the design: a signal, #near, 3@, @4 and what? yes=no", None),
        ("tokenizer: keys", None),
    ],
)  # fmt: skip
def test_a_text_keeps_what_is_no_secret(text: str, shown: str | None) -> None:
    assert without_secrets(text) == (text if shown is None else shown)


@pytest.mark.parametrize(
    "piece",
    ["a", "a.b-", "://", "a://", "?a", "?a=", "@", "a@", " @b", "a@b ", "/@a", "%40", "sig", "sig=",
     "x://u:p/@", "token ", "key: ", "::", "#", "\\", '"'],
)  # fmt: skip
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    text = piece * (LENGTH // len(piece))
    start = time.process_time()
    without_secrets(text)
    # A tenth of a second for quick ones; what is quadratic takes minutes.
    assert time.process_time() - start < 5


def test_queries_are_taken_out_of_paths_whose_addresses_stay() -> None:
    path = '$.spaces["https://h/x?sig=SECRET"].labels["a@b"]'
    assert without_queries(path) == '$.spaces["https://h/x"].labels["a@b"]'


def test_addresses_next_to_each_other() -> None:
    assert without_addresses("a@b;c@d@e f@g") == "<e-mail>;<e-mail>@e <e-mail>"


def test_a_brief_text_does_not_end_within_an_address() -> None:
    query = "https://h/x?" + "q" * 390
    text = f"{query} jane.doe@example.com"
    assert brief(text, 120) == "https://h/x <e-mail>"
    cut = f"{query[:-1]} jane.doe@example.com" + "x" * 400
    assert "jane" not in brief(cut, 100)


@pytest.mark.parametrize("length", [0, 1, 49, 50, 51, 5_000])
def test_a_brief_text_has_at_most_its_length(length: int) -> None:
    text = "a " * (length // 2) + "b" * (length % 2)
    shown = brief(text, 50)
    assert len(shown) <= 50
    assert (shown == text) == (length <= 50)
