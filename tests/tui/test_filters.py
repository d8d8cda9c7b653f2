"""The filter line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logging_core.analyse.state import InstanceState, Latency, OpenRequest, State, Usage
from madrox_tui.filters import Word, filter_words, parse_filter

ATLAS = InstanceState(
    instance_id="a1b2",
    instance_name="Atlas",
    role="architect",
    instance_type="claude",
    model="opus",
    state=State.STUCK,
    usage=Usage(requests=12, tokens=6000, cost_usd=0.75, latency=Latency(count=1, p95_s=9.0)),
    open_requests=(OpenRequest("m-1", 0.0),),
    frames=3,
)
QA = InstanceState(instance_id="c3d4", instance_name="probe", role="qa", instance_type="codex")


@pytest.mark.parametrize(
    ("text", "atlas", "qa"),
    [
        ("", True, True),
        ("atlas", True, False),
        ("ATL", True, False),
        ("a1b2", True, False),
        ("architect", True, False),
        ("codex", False, True),
        ("opus", True, False),
        ("-atlas", False, True),
        ("atlas codex", False, False),
        ("state:stuck", True, False),
        ("state:stu", True, False),
        ("-state:stuck", False, True),
        ("--atlas", True, False),
        ("role:qa", False, True),
        ("type:claude", True, False),
        ("parent:x", False, False),
        ("cost>0.5", True, False),
        ("cost>0.75", False, False),
        ("cost>=0.75", True, False),
        ("cost<1", True, False),
        ("tokens>5000", True, False),
        ("requests=12", True, False),
        ("open>0", True, False),
        ("p95>5", True, False),
        ("frames<=3", True, True),
        ("nosuchkey:1", False, False),
        ("state:tuck", False, False),
        ("state:un", False, True),
        ("model:opus", True, False),
        ("model:codex", False, True),
        ("model:claude/op", True, False),
        ("model:claude", True, False),
        ("model:gpt", False, False),
        ("tokens>5.9k", True, False),
        ("tokens>6k", False, False),
        ("tokens=6K", True, False),
        ("tokens<1m", True, False),
        ("tokens<1,000", False, False),
        ("cost>$0.5", True, False),
        ("cost>=$.75", True, False),
        ("cost<$1,234.50", True, False),
        ("cost<$1k", True, False),
        ("p95>2s", True, False),
        ("p95>8999ms", True, False),
        ("p95=9000MS", True, False),
        ("p95<1m30s", True, False),
        ("p95<2h05m", True, False),
        ("p95<1d", True, False),
        ("p95>0.01m", True, False),
        ("-p95>2s", False, True),
        ("cost > 0.5", True, False),
        ("cost >0.5 atlas", True, False),
        ("-cost >= 0.5", False, True),
        ('role:"architect"', True, False),
        ('type:"claude code"', False, False),
        ('"front end"', False, False),
        ("name:c3", False, False),
    ],
)
def test_terms(text: str, atlas: bool, qa: bool) -> None:
    """Words match name, id, role, type and model; keys compare; `-` excludes; all must hold."""
    wanted = parse_filter(text)
    assert (wanted.matches(ATLAS), wanted.matches(QA)) == (atlas, qa)


def test_any_number_of_dashes_is_a_term() -> None:
    """What is excluded from what is excluded is found again, however long that goes on."""
    assert parse_filter("-" * 2_000 + "atlas").matches(ATLAS)
    assert not parse_filter("-" * 2_001 + "atlas").matches(ATLAS)
    assert filter_words("-" * 2_000) == (Word("-" * 2_000, "nothing to exclude"),)


@pytest.mark.parametrize(
    "text",
    [
        "cost>",
        "cost>abc",
        "cost>$",
        "cost>nan",
        "p95>1.2.3s",
        "tokens>5s",
        "p95>5k",
        "p95>2s1m",
        "open>$1",
        "role:",
        "-",
        "-cost>",
    ],
)
def test_an_unfinished_term_narrows_nothing(text: str) -> None:
    """While a term is being typed, everything stays visible."""
    wanted = parse_filter(text)
    assert wanted.matches(ATLAS)
    assert wanted.matches(QA)
    assert not wanted


def test_a_state_is_flagged_unless_one_begins_so() -> None:
    """While it is typed nothing is wrong; what can become no state is."""
    assert filter_words("state:stuc state:uck -state:S") == (
        Word("state:stuc"),
        Word("state:uck", "unknown state"),
        Word("-state:S"),
    )


def test_an_unknown_number_never_compares() -> None:
    """An instance without any known cost is on neither side of a comparison."""
    assert not parse_filter("cost<1").matches(QA)
    assert not parse_filter("cost>=0").matches(QA)


FRONT = InstanceState(instance_id="e5", role="front end", instance_name="a👩👧")


@pytest.mark.parametrize(
    "text",
    ['role:"front end"', 'role:"front e', '"front end"', "name:a👩\u200d👧", '-role:"back end"'],
)
def test_a_value_may_contain_blanks_or_what_the_screen_cannot_show(text: str) -> None:
    """Quotes hold a value together; what is typed is compared as values are shown."""
    assert parse_filter(text).matches(FRONT)
    assert not parse_filter(text.removeprefix("-")).matches(QA)


def test_who_has_no_name_is_found_by_what_stands_there() -> None:
    """`name:` means what the NAME column shows, which is the id of one without a name."""
    assert parse_filter("name:e5").matches(InstanceState(instance_id="e5"))


def test_a_parent_is_found_by_its_name_or_its_id() -> None:
    """`parent:` means what a person calls it, or the id where the fleet does not know it."""
    child = InstanceState(instance_id="e5", parent_instance_id="a1b2")
    orphan = InstanceState(instance_id="f6", parent_instance_id="z9")
    fleet = (ATLAS, QA, child, orphan)
    assert parse_filter("parent:atl").choose(fleet) == (child,)
    assert parse_filter("parent:a1b").choose(fleet) == (child,)
    assert parse_filter("parent:z9").choose(fleet) == (orphan,)
    assert parse_filter("-parent:atlas").choose(fleet) == (ATLAS, QA, orphan)


def test_a_team_is_everyone_under_its_lead() -> None:
    """`under:` means the lead, its children and all below; a loop of parents is no trouble."""
    child = InstanceState(instance_id="e5", parent_instance_id="a1b2")
    grandchild = InstanceState(instance_id="f6", parent_instance_id="e5")
    loop = InstanceState(instance_id="g7", parent_instance_id="g7")
    orphan = InstanceState(instance_id="h8", parent_instance_id="gone")
    fleet = (ATLAS, QA, child, grandchild, loop, orphan)
    assert parse_filter("under:atlas").choose(fleet) == (ATLAS, child, grandchild)
    assert parse_filter("under:e5").choose(fleet) == (child, grandchild)
    assert parse_filter("-under:atlas").choose(fleet) == (QA, loop, orphan)
    assert parse_filter("under:gone").choose(fleet) == (orphan,)


@pytest.mark.parametrize(
    ("text", "atlas", "qa"),
    [
        ("state:stuck,waiting", True, False),
        ("state:stuck,unk", True, True),
        ("-state:stuck,waiting", False, True),
        ("role:qa,arch", True, True),
        ("role:qa,", False, True),
        ("type:gemini,grok", False, False),
    ],
)
def test_commas_separate_alternatives(text: str, atlas: bool, qa: bool) -> None:
    """A field has one value or the other."""
    assert (parse_filter(text).matches(ATLAS), parse_filter(text).matches(QA)) == (atlas, qa)


def test_an_alternative_may_be_unknown_or_quoted() -> None:
    """Each state that is named must be one; a quoted comma separates nothing."""
    assert filter_words("state:stuck,busy state:stuck,nope") == (
        Word("state:stuck,busy"),
        Word("state:stuck,nope", "unknown state"),
    )
    assert parse_filter('role:"front, end"').matches(
        InstanceState(instance_id="x", role="front, end")
    )


def test_a_word_that_is_a_state_hints_at_how_to_ask_for_it() -> None:
    """A plain word looks into names, so that `busy` alone would silently find nobody."""
    assert filter_words("busy -Stuck bus state:busy") == (
        Word("busy", hint="state:busy?"),
        Word("-Stuck", hint="state:stuck?"),
        Word("bus"),
        Word("state:busy"),
    )


def test_quotes_make_one_word() -> None:
    """The words that are shown are those that count."""
    assert filter_words('role:"front end" cost > 1') == (Word('role:"front end"'), Word("cost>1"))


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    """Whatever is typed parses, and can be asked about an instance."""
    assert parse_filter(text).matches(ATLAS) in {True, False}


def test_all_terminals_are_searched_at_once() -> None:
    """`pane:` finds whose terminal says something now, in whatever case, also over two words."""
    limited = InstanceState(instance_id="a", pane_tail="⎿ Rate limit\n  of the API".encode())
    other = InstanceState(instance_id="b", pane_tail=b"$ make test")
    silent = InstanceState(instance_id="c")
    everyone = (limited, other, silent)
    assert parse_filter('pane:"rate limit"').choose(everyone) == (limited,)
    assert parse_filter("pane:make,limit").choose(everyone) == (limited, other)
    assert parse_filter("-pane:limit").choose(everyone) == (other, silent)
    assert parse_filter("limit").choose(everyone) == ()
