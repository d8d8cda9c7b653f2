"""Secrets: marked wherever they stand, and nothing else touched."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logging_core.codec.encode import encode_json
from logging_core.write.redact import Redactor
from logging_core.write.secret_patterns import SECRET_PATTERNS
from tokens import ADVERSARIAL, ALNUM, AROUND, IN_PLACE, NEAR_MISSES, TOKENS, repeated

REDACTOR = Redactor()
KINDS = {pattern.kind for pattern in SECRET_PATTERNS} | {"custom"}
MARK = re.compile(rf"\[redacted:(?:{'|'.join(sorted(KINDS))})\]")


@pytest.mark.parametrize("around", AROUND, ids=[ascii(before) for before, _ in AROUND])
@pytest.mark.parametrize("name", TOKENS)
def test_a_token_is_marked_wherever_it_stands(name: str, around: tuple[str, str]) -> None:
    """A secret is replaced by its mark as a whole, and what stands around it stays."""
    kind, token = TOKENS[name]
    before, after = around
    assert REDACTOR.redact(f"{before}{token}{after}") == f"{before}[redacted:{kind}]{after}"


@pytest.mark.parametrize("name", IN_PLACE)
def test_only_the_secret_of_a_header_or_a_url_is_marked(name: str) -> None:
    """The text that marks a secret is kept, so a reader still sees what kind of thing was there."""
    kind, before, secret, after = IN_PLACE[name]
    assert REDACTOR.redact(before + secret + after) == f"{before}[redacted:{kind}]{after}"


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_what_is_no_secret_stays(text: str) -> None:
    """Hashes, ids, code, prose and placeholders come back as the same object."""
    assert REDACTOR.redact(text) is text


pieces = st.one_of(
    st.sampled_from([token for _, token in TOKENS.values()]),
    st.sampled_from([kept.before + kept.secret + kept.after for kept in IN_PLACE.values()]),
    st.sampled_from(list(ADVERSARIAL.values())),
    st.text(max_size=8),
)


@given(st.lists(pieces, max_size=8).map("".join))
def test_a_redacted_text_has_nothing_left_to_redact(text: str) -> None:
    """Redacting again changes nothing, and every mark is one of ours."""
    once = REDACTOR.redact(text)
    assert REDACTOR.redact(once) is once
    if once is not text:
        assert MARK.search(once)


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_hostile_texts_are_passed_through_without_getting_stuck(name: str) -> None:
    """A megabyte made to mislead a regex is done well before the test's time is up."""
    text = repeated(ADVERSARIAL[name], 1 << 20)
    assert len(REDACTOR.redact(text)) > 0


def test_values_are_redacted_at_any_depth_and_never_in_place() -> None:
    """Dicts, lists and tuples are copied where they hold a secret, and only there."""
    secret = TOKENS["github personal"][1]
    clean = {"a": [1, "text", None]}
    value = {"n": 1, "deep": [{"key": (secret, "x")}], "clean": clean}
    redacted = REDACTOR.redact_value(value)
    assert redacted == {"n": 1, "deep": [{"key": ("[redacted:github]", "x")}], "clean": clean}
    assert redacted["clean"] is clean
    assert value["deep"] == [{"key": (secret, "x")}]
    assert REDACTOR.redact_value(clean) is clean


def test_an_authorization_field_is_read_as_the_header() -> None:
    """Headers handed over as a dict are redacted like those in a text."""
    headers = {"Authorization": "Bearer " + ALNUM[:30], "Accept": "*/*"}
    expected = {"Authorization": "Bearer [redacted:authorization]", "Accept": "*/*"}
    assert REDACTOR.redact_value(headers) == expected
    assert not REDACTOR.passes(headers)


def test_objects_are_judged_by_their_text() -> None:
    """An object whose `str()` shows a secret is replaced; others stay what they are."""

    class Client:
        def __str__(self) -> str:
            return TOKENS["anthropic api"][1]

    assert REDACTOR.redact_value([Client()]) == ["[redacted:anthropic]"]
    number = UUID(int=7)
    assert REDACTOR.redact_value([number])[0] is number


def test_cycles_and_endless_depths_end() -> None:
    """A container inside itself, or one too deep, becomes a marker where a secret stands in it."""
    loop: list[Any] = [TOKENS["npm"][1]]
    loop.append(loop)
    assert REDACTOR.redact_value(loop) == ["[redacted:npm]", "<cycle>"]
    deep: Any = TOKENS["npm"][1]
    for _ in range(5000):
        deep = [deep]
    assert b"npm_" not in encode_json({"deep": REDACTOR.redact_value(deep)})


def test_own_patterns_mark_what_they_match() -> None:
    """A user's regexes come on top of ours, for texts of any length."""
    redactor = Redactor(extra=[r"ACME-\d{4}", "(?=x)"])
    assert redactor.redact("ACME-1234") == "[redacted:custom]"
    assert redactor.redact(f"ACME-1234 {TOKENS['npm'][1]}") == "[redacted:custom] [redacted:npm]"
    assert not redactor.passes({"order": "ACME-1234"})
    assert redactor.redact("ACME-12") == "ACME-12"


@pytest.mark.parametrize("regex", ["(", "a*", ""])
def test_a_pattern_that_cannot_be_meant_is_refused(regex: str) -> None:
    """A pattern that is not a regex, or matches everywhere, is a `ValueError` that quotes it."""
    with pytest.raises(ValueError, match="redaction pattern"):
        Redactor(extra=[regex])


fields = st.dictionaries(
    st.sampled_from(["message_id", "cost", "Authorization", "note"]),
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), pieces, st.lists(pieces)),
)


@given(fields)
def test_what_passes_at_a_glance_holds_no_secret(details: dict[str, Any]) -> None:
    """The audit trail's quick check never passes what full redaction would replace."""
    if REDACTOR.passes(details):
        assert REDACTOR.redact_value(details) is details


def test_a_compiled_pattern_of_the_users_keeps_its_flags() -> None:
    """A regex may be given as `re.compile` made it."""
    redactor = Redactor(extra=[re.compile(r"corp-\d+", re.IGNORECASE)])
    assert redactor.redact("see CORP-17") == "see [redacted:custom]"
    with pytest.raises(ValueError, match=r"'x\*' matches the empty string"):
        Redactor(extra=[re.compile("x*")])


def test_a_secret_in_a_key_is_replaced_and_its_value_kept() -> None:
    """Keys are read like values; two that become the same are both kept."""
    redactor = Redactor()
    _, one = TOKENS["github personal"]
    two = one[:-1] + ("A" if one[-1] != "A" else "B")
    plain = {"usage": {"requests": 1, 7: 2, None: 3}}
    for _ in range(2):
        assert not redactor.passes({one: 1})
        assert redactor.redact_value({one: 1, "b": [{two: 2}]}) == {
            "[redacted:github]": 1,
            "b": [{"[redacted:github]": 2}],
        }
        assert list(redactor.redact_value({one: 1, two: 2, (one, 3): 3})) == [
            "[redacted:github]",
            "extra_[redacted:github]",
            "('[redacted:github]', 3)",
        ]
        assert redactor.redact_value(plain) is plain


def test_many_keys_are_not_all_remembered() -> None:
    """Keys made up by the thousand cost time, not memory."""
    redactor = Redactor()
    for number in range(10_000):
        assert redactor.passes({f"key {number}": 1, f"{number:0100}": 2})
    assert len(redactor._clean_keys) <= 4096
