"""What a pane waits for: questions that only a person can answer.

A question counts only while it is what the pane ends with: a dialog that scrolled by was answered.
So every known pattern must match up to the end of the pane, once frames around text and empty
lines are taken off. They take time linear in the pane's last lines: where text may be matched in
two ways, the first way is final. What an agent asks changes with its versions; patterns are
therefore data, and more can come from the configuration: those are found anywhere in the last
lines, as only who wrote them knows what comes after a question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from logging_core.text import shortened

ANY_TYPE = "*"
"""In `compile_patterns`: of whatever type the instance is."""

_UNFRAMED = dict.fromkeys(map(ord, "│┃║▌▐█┆"))
_RULE = re.compile(r"[\s─━═╌┄╭╮╰╯┌┐└┘├┤╔╗╚╝=_-]*\Z")
_GOES_ON = re.compile(r"( *)\w.*[^.!?:;…]\n\1(\S+)")
_QUESTION_CHARS = 120
_MOST_WRAPPED = 5  # lines of a question
_MARGIN = 4  # columns that a frame takes from what is in it


class Pattern(NamedTuple):
    """One way of asking.

    Attributes:
        name: Of what is asked, for people.
        instance_types: Who asks so; empty: anyone.
        regex: Searched in the last lines of the pane; the group `question`, or else the first
            line of the match, is what is shown. Whatever the case.
        sign: Found in all that the regex matches, and quicker to look for; empty: unknown.
        wraps: Whether who asks breaks the question into lines that fit: it is shown from where it
            begins to the end of the group.
    """

    name: str
    instance_types: tuple[str, ...]
    regex: str
    sign: str = ""
    wraps: bool = False

    def may_be_of(self, instance_type: str | None) -> bool:
        """Whether an instance of a type may ask so; `None`: its type is unknown."""
        if instance_type is None or not self.instance_types:
            return True
        return instance_type.lower() in self.instance_types

    def search(self, text: str) -> re.Match[str] | None:
        """Where a text ends in such a question."""
        if self.sign and not _compiled(self.sign).search(text):
            return None
        return _compiled(self.regex).search(text)


_OPTION = r" *(?:[❯›>▶] *)?\d{1,2}[.)] [^\n]*"
_WRAPPED = r" {4}[^\n]*"
_HINT = r" *(?:esc |enter |press |tab |ctrl|shift|(?:use )?↑)[^\n]*"
_CURSOR = r"^ *[❯›>▶] *\d"
_FIRST_OPTION = (
    rf"(?= *[❯›>▶]? *\d{{1,2}}[.)] )(?=(?:[^\n]*\n){{0,12}}? *[❯›>▶] *\d)"
    rf"(?>{_OPTION})"
)
_TO_MARK = r"(?:[^\n]*\?|[^\n?]*(?:\n[^\n?]*){1,2}?\?)"
_OPTIONS = rf"{_FIRST_OPTION}(?:\n(?>{_OPTION}|{_WRAPPED}|{_HINT}))*+"
_ABOUT = r"(?:(?! ?\S[^\n]*\?$| *(?:do|would) you )[^\n]*\n){0,16}?"  # and no other question
_MENU = _ABOUT + _OPTIONS
_ENTER = r" *(?:use ↑/↓ to move, press )?enter to (?:confirm|select|submit)[^\n]*"
_FOOT = r"(?! *[⏺●•■◦⎿└✻✽✶✢✳∗·*>❯›]| *[$#] |[^\n]*[$#]$)[^\n]*"  # no answer, no shell
_INPUT = rf"(?:\n  +{_FOOT}){{0,2}}(?:\n *(?:[>❯›]|\? for|⏵⏵)[^\n]*(?:\n{_FOOT}){{0,3}})?"
_DOTTED = r" *(?:● *)?\d{1,2}[.)] [^\n]*"
_NOT_QUOTED = r"(?! *(?:⎿ *)?(?:(?!\d)[\w./~@+-]+:\d+:|(?:\S+:)? *(?:\$ *)?echo ))"
_CHOICE = (
    r"[\[(](?:(?:y|yes)/(?:n|no)(?:/\[?[^\])\n]{1,24}\]?)?|(?:n|no)/(?:y|yes)"
    r"|y,n(?:,[\w/?]){1,20})[\])]"
)
_KEY = r"\[?(?:enter|return(?:/enter)?|any key)\]?"
_TO_DO = r"(?: (?:https?://\S{1,200}|[\w'+-]{1,30})){1,6}"
_ASKED = r"(?:password|passphrase)"


@cache
def _compiled(regex: str) -> re.Pattern[str]:
    """Compiled when it is needed first: all of them take a tenth of the start."""
    return re.compile(regex, re.MULTILINE | re.IGNORECASE)


def _asks(name: str, regex: str, *instance_types: str, sign: str, wraps: bool = False) -> Pattern:
    return Pattern(name, instance_types, rf"^(?:{regex})[ \t]*\Z", sign, wraps)


PATTERNS: tuple[Pattern, ...] = (
    _asks(
        "trust",
        r" *(?P<question>(?:[^\n]*do you trust|[^\n]*is this a project you)"
        rf"{_TO_MARK})[^\n]*\n" + _MENU,
        "claude",
        "codex",
        sign=_CURSOR,
        wraps=True,
    ),
    _asks(
        "permission",
        r" *(?P<question>(?:do|would) you (?:want|like) (?:claude |codex )?to "
        rf"{_TO_MARK})[^\n]*\n" + _MENU,
        "claude",
        "codex",
        sign=_CURSOR,
        wraps=True,
    ),
    _asks(
        "login",
        r" *(?P<question>select login method:|sign in with [^\n]*|[^\n]*use this api key\?)\n"
        + _MENU,
        "claude",
        "codex",
        sign=_CURSOR,
    ),
    _asks(
        "dialog",
        r" *(?P<question>(?:warning: claude code running in|new mcp servers? found|choose the text"
        r" style|choose how you(?:'|’)d like codex)[^\n]*)\n" + _MENU,
        "claude",
        "codex",
        sign=_CURSOR,
    ),
    _asks(
        "choice",
        r" *(?:[☐□✔] *)?(?P<question>[^\n]*\?)\n(?:(?![^\n]*\?$)[^\n]*\n){0,8}?" + _OPTIONS,
        "claude",
        "codex",
        sign=_CURSOR,
        wraps=True,
    ),
    _asks(
        "menu",
        r" *(?P<question>[^\n]*)\n"
        rf"{_FIRST_OPTION}(?:\n(?>{_OPTION}|{_WRAPPED}))*+\n{_ENTER}",
        "claude",
        "codex",
        sign="^ *enter to |, press enter to ",
        wraps=True,
    ),
    _asks(
        "logged out",
        r" *(?:⎿ *)?(?:[^\n]*· *)?(?P<question>please run /login)[^\n]*" + _INPUT,
        "claude",
        sign="please run /login",
    ),
    _asks(
        "limit",
        r" *(?:[⎿■] *)?(?P<question>(?:claude (?:ai )?usage limit reached|(?:\d+-hour|weekly|opus)"
        r" (?:usage )?limit reached|you(?:'|’)ve (?:hit|reached) your [^\n]{0,20}limit)[^\n]*)"
        + _INPUT,
        "claude",
        "codex",
        sign="limit",
    ),
    _asks(
        "gemini",
        r" *(?P<question>[^\n]*\?)\n"
        rf"(?:[^\n]*\n){{0,8}}?(?=(?:[^\n]*\n){{0,12}}? *● *\d)"
        rf"(?>{_DOTTED})(?:\n(?>{_DOTTED}|{_WRAPPED}))*+",
        "gemini",
        sign=r"^ *● *\d",
    ),
    _asks(
        "approval",
        r" *(?P<question>(?:allow|approve|apply|run)\b[^\n]*\?)[^\n]*\n(?:[^\n]*\n){0,10}?"
        r" *[▶❯›>]? *(?:yes|approve|allow)\b[^\n]*\b(?:no|abort|deny|reject)\b[^\n]*(?:\n[^\n]*)?",
        "codex",
        sign=r"\?",
    ),
    _asks(
        "yes or no",
        rf"{_NOT_QUOTED} *(?P<question>[^\n]*{_CHOICE})[?:>]? *",
        sign="/no?|/y|y,n",
    ),
    _asks(
        "yes",
        rf"{_NOT_QUOTED} *(?P<question>[^\n]*\? ?[\[(](?:y|yes|n|no)[\])])[:>]? *",
        sign=r"\? ?[\[(][yn]",
    ),
    _asks(
        "key",
        rf"{_NOT_QUOTED} *(?:[^\n]*[.!?…] )?(?P<question>\W?(?:please )?(?:press|hit) {_KEY}"
        rf"(?: to{_TO_DO}(?:,? or{_TO_DO})?)?)[\])]?(?: ?[.:…])*",
        sign="(?:press|hit) ",
    ),
    _asks(
        "code",
        r" *(?P<question>(?:paste|enter)\b[^\n]{0,40}\b(?:code|api key|token|value)\b[^\n]{0,40}?"
        r"|(?:verification|authentication|one-time|security) (?:code|password))[:>]",
        sign="paste|enter|code|password",
    ),
    _asks(
        "secret",
        rf"(?! *(?:⎿ *)?(?:\w+ing |[-+*#•●⏺→✓✔✗✘\"']|(?-i:{_ASKED}):)|  +{_ASKED}:)"
        rf" *(?:⎿ *)?(?P<question>[^\n:]{{0,60}}\b{_ASKED}\b[^\n:]{{0,80}}):",
        sign=r"\bpassword\b|\bpassphrase\b",
    ),
    _asks(
        "user",  # of getty, and of docker
        r"(?P<question>(?-i:[a-z\d][\w.-]{0,62}) login|(?-i:Username)(?: \([^()\n]{1,60}\))?):",
        sign="login:|^username",
    ),
    _asks(
        "account",  # of git
        r"[^\w\n]{0,16}(?P<question>(?:username|password) for '[^'\n]{1,200}'):",
        sign="(?:name|word) for '",
    ),
    _asks(
        "pager",
        r" *(?P<question>--more--(?:\([^()\n]{1,60}\))?|(?:lines \d+-\d+(?:/\d+)? )?\(end\))",
        sign=r"--more--|\(end\)",
    ),
)
"""The questions that are known."""


def find_question(
    tail: str, instance_type: str | None, patterns: Sequence[Pattern] = PATTERNS
) -> str | None:
    """What a pane asks a person for, in one line; `None` if it does not wait for anyone.

    Args:
        tail: The last lines of the pane, without colours: `FrameRef.tail`.
        instance_type: Whose pane: `claude`, `codex`, …; `None`: unknown, any pattern may match.
        patterns: What questions look like; the first that matches counts.
    """
    lines = _bare(tail)
    text = "\n".join(filter(None, lines))
    if not text:
        return None
    for pattern in patterns:
        if pattern.may_be_of(instance_type) and (match := pattern.search(text)):
            if pattern.wraps:
                return _shown(_whole(match, lines))
            question = match.groupdict().get("question") or match[0]
            return _shown(question.strip().partition("\n")[0])
    return None


def compile_patterns(extra: Mapping[str, Sequence[str]]) -> tuple[Pattern, ...]:
    r"""The known patterns and more, which come first.

    Args:
        extra: By instance type, or `*` for any, regular expressions. Each is looked for anywhere
            in the pane's last 20 lines, whatever the case; one that ends in `\Z` only at their
            end. A group named `question` is what is shown, else the first line of the match.

    Raises:
        ValueError: One is no regular expression; the message names it.
    """
    more = []
    for instance_type, expressions in extra.items():
        types = () if instance_type == ANY_TYPE else (instance_type.lower(),)
        for expression in expressions:
            try:
                _compiled(expression)
            except re.error as error:
                raise ValueError(f"prompt pattern {expression!r}: {error}") from None
            more.append(Pattern(expression, types, expression))
    return (*more, *PATTERNS)


def _bare(tail: str) -> list[str]:
    """The lines of a pane without what is drawn around them, which leaves some empty.

    Indentation stays.
    """
    lines = [line.translate(_UNFRAMED).rstrip() for line in tail.splitlines()]
    return ["" if _RULE.match(line) else line for line in lines]


def _whole(match: re.Match[str], lines: Sequence[str]) -> str:
    """A question with the lines above it that it begins with, if it was broken into lines."""
    above = match.string.count("\n", 0, match.start("question"))
    at = [number for number, line in enumerate(lines) if line][above]
    width = max(map(len, lines)) - _MARGIN
    begin, first = at, max(0, at - _MOST_WRAPPED)
    while begin > first and _was_broken(lines[begin - 1], lines[begin], width):
        begin -= 1
    return " ".join([*lines[begin:at], match["question"]])


def _was_broken(above: str, line: str, width: int) -> bool:
    """Whether a sentence goes on in the next line of its paragraph as there was no room."""
    one = _GOES_ON.match(f"{above}\n{line}")
    return one is not None and len(above) + 1 + len(one[2]) > width


def _shown(question: str) -> str:
    return shortened(" ".join(question.split()), _QUESTION_CHARS)
