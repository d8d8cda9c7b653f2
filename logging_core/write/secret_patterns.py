r"""The shapes of well-known secrets: what `redact` looks for.

Only shapes that nothing else has: a provider's prefix and a length, or a position that can hold
nothing but a credential (`Authorization: Bearer …`, `scheme://user:…@host`). Keys without a shape
of their own, such as those of Mistral and Cohere, Azure's 32 hexadecimal digits or Twilio's auth
token, are left to a user's own patterns.

Three rules keep the matching linear in the length of the text, whatever it holds:

* A regex begins with a literal, which lets `re` skip quickly to the next candidate.
* At a candidate it either gives up after a bounded number of characters, or consumes possessively
  all that it looked at (`++`, `{32,}+`: no backtracking), or ends in front of the next candidate.
* A secret begins where a word begins, so a run of letters holds at most one candidate.

A class that is tried at many positions has no `\w`, `\d` or `\s` in it, because `re` looks up a
class of plain ranges in a table.
"""

from __future__ import annotations

from typing import NamedTuple


class Sign(NamedTuple):
    """A character and its context that occur in every text that a pattern matches.

    Attributes:
        before: Regex of what precedes the character, of fixed width; it ends in a letter or a
            character class. Empty: anything.
        pivot: The character; the rarer it is in other texts, the better.
        after: Regex of what follows it.
    """

    before: str
    pivot: str
    after: str


class Pattern(NamedTuple):
    r"""The shape of one secret.

    Attributes:
        kind: Its name in `[redacted:kind]`, of `a`-`z` and `-`.
        signs: At least one of them occurs in every text that `regex` matches.
        regex: Matches the secret. The text of its group `keep`, if it has one, is kept in front of
            the mark. `\w`, `\d` and `\s` are ASCII.
        least: Length of the shortest text that can match, in characters.
    """

    kind: str
    signs: tuple[Sign, ...]
    regex: str
    least: int = 20


def word_start(lead: str, inside: str = "A-Za-z0-9") -> str:
    r"""Return an assertion, to follow the regex `lead`, that a word begins with `lead`.

    That is: it is not preceded by a character of the class `inside`, unless that belongs to an
    escape (`\n`, `\x1b`, `\u003d`, `%3D`) or to a colour sequence (`[31m`).
    """
    colours = "|".join(rf"(?<=[\[;]{digits}m{lead})" for digits in ("", r"\d", r"\d\d", r"\d{3}"))
    return (
        rf"(?>(?<![{inside}]{lead})|(?<=[\da-fA-Fmnrt]{lead})(?:(?<=\\[bfnrt]{lead})"
        rf"|(?<=\\x[\da-fA-F]{{2}}{lead})|(?<=\\u[\da-fA-F]{{4}}{lead})"
        rf"|(?<=%[\da-fA-F]{{2}}{lead})|{colours}))"
    )


def _token(kind: str, sign: Sign, lead: str, rest: str) -> Pattern:
    """Return the pattern of a secret that is one word: `lead` (of fixed width), then `rest`."""
    return Pattern(kind, (sign,), f"{lead}{word_start(lead)}{rest}")


def _authorization(sign: Sign, name: str) -> Pattern:
    r"""Return the pattern of the credential in a header called `name`.

    It covers HTTP, JSON, Python and shell syntax. A credential shorter than 16 characters must have
    a capital (other than the first letter) or a digit: `Authorization: Basic authentication` is
    prose.
    """
    quotes = r"""[\]"'\\]{0,4}+"""
    scheme = r"(?i:bearer|basic|token|api-?key|key|bot)"
    word = r"A-Za-z0-9_~+/=\-"
    credential = (
        rf"(?:(?=[{word}.]{{16}})|(?=[{word}.]{{6}})(?=[A-Za-z]?[a-z._~/-]{{0,15}}+[A-Z0-9+=]))"
        rf"[{word}]++(?:\.[{word}]++)*+"
    )
    head = rf"{name}{quotes}\s{{0,4}}+[:=]\s{{0,4}}+{quotes}{scheme}\s{{1,4}}+"
    return Pattern("authorization", (sign,), f"(?P<keep>{head}){credential}")


def _aws_secret(sign: Sign, name: str) -> Pattern:
    """Return the pattern of a secret access key (40 characters of base64) assigned to `name`."""
    quotes = r"""[\]"'\\]{0,4}"""
    head = rf"{name}{quotes}\s{{0,4}}(?:[:=]|=>)\s{{0,4}}{quotes}"
    return Pattern("aws", (sign,), f"(?P<keep>{head})[A-Za-z0-9/+]{{40}}(?![A-Za-z0-9/+=])")


_WORD = r"\w-"
_BLANK = r" \t\n\r\f\v"
_NO_VALUE = rf"{_BLANK}\"'`&;,()\[\]{{}}<>$\\|"
_KEY_NAME = r"[A-Z0-9 ]{0,40}?PRIVATE KEY(?: BLOCK)?-----"

SECRET_PATTERNS = (
    Pattern(  # to its end marker, or as far as the key goes
        "private-key",
        (Sign("-----", "B", "EGIN "),),
        rf"-----BEGIN {_KEY_NAME}(?:(?:[^-]++|-(?!----))*+-----END {_KEY_NAME}"
        r"|(?:(?:\\[rn]|\s){0,4}+[A-Z][A-Za-z-]{2,30}: [^\r\n\\]{0,100}+){0,4}+"
        r"(?:(?:\\[rn]|[^\w+/=-]){0,16}+[A-Za-z0-9+/=]{16,}+)++)",
    ),
    _token("anthropic", Sign("sk", "-", "ant-"), "sk-ant-", r"[\w-]{32,}+"),
    _token("openrouter", Sign("sk", "-", "or-v"), "sk-or-v", r"\d-[A-Za-z0-9]{32,}+"),
    _token(
        "openai",  # and DeepSeek and others that adopted its form
        Sign("sk", "-", "(?:proj-|svcacct-|admin-|[A-Za-z0-9]{32})"),
        "sk-",
        r"(?:(?:proj|svcacct|admin)-[\w-]{32,}+|[A-Za-z0-9]{32,}+[\w-]*+)",
    ),
    _token("xai", Sign("xai", "-", "[A-Za-z0-9]{48}"), "xai-", r"[A-Za-z0-9]{48,}+"),
    _token("perplexity", Sign("pplx", "-", ""), "pplx-", r"[A-Za-z0-9]{32,}+"),
    _token("nvidia", Sign("nvapi", "-", ""), "nvapi-", r"[\w-]{48,}+"),
    _token("pypi", Sign("pypi", "-", "Ag"), "pypi-Ag", r"[\w-]{48,}+"),
    _token("google", Sign("GOCSPX", "-", ""), "GOCSPX-", r"[\w-]{24,}+"),
    Pattern(
        "gitlab",
        (
            Sign("gl[a-z]t", "-", ""),
            Sign("gl[a-z]{2}t", "-", ""),
            Sign("gl[a-z]{3}t", "-", ""),
            Sign("glagent", "-", ""),
            Sign("gloas", "-", ""),
            Sign("glrtr", "-", ""),
        ),
        rf"gl{word_start('gl')}(?:pat|dt|rt|rtr|ft|ffct|cbt|ptt|imt|soat|agent|oas)-"
        r"[\w-]{20,}+(?:\.[\da-z]{2})?+(?:\.[\da-z]{9})?+[\w-]*+",
    ),
    _token("slack", Sign("xapp", "-", r"\d-"), "xapp-", r"\d-[\w-]{20,}+"),
    _token("slack", Sign("", "x", r"ox[abceoprs]-\d"), "xox[abceoprs]-", r"\d[\w-]{15,}+"),
    Pattern(
        "slack",
        (Sign("s/", "T", ""),),
        r"(?P<keep>hooks\.slack\.com/(?:services|workflows|triggers)/)T[\w/-]{20,}+",
    ),
    _token(
        "github",  # an app's token is ghs_, a number and a JWT
        Sign("gh[pousr]", "_", ""),
        "gh[pousr]_",
        r"(?:[A-Za-z0-9]{36}|\d{1,20}_eyJ)[\w-]*+(?:\.[\w-]{16,}+){0,2}",
    ),
    _token("github", Sign("github", "_", "pat_"), "github_pat_", r"\w{40,}+[\w-]*+"),
    _token("groq", Sign("gsk", "_", ""), "gsk_", r"[A-Za-z0-9]{32,}+[\w-]*+"),
    _token("huggingface", Sign("hf", "_", ""), "hf_", r"[A-Za-z0-9]{30,}+[\w-]*+"),
    _token("replicate", Sign("r8", "_", ""), "r8_", r"[A-Za-z0-9]{32,}+[\w-]*+"),
    _token("npm", Sign("npm", "_", ""), "npm_", r"[A-Za-z0-9]{36,}+[\w-]*+"),
    _token("stripe", Sign("sk", "_", "live_"), "sk_live_", r"[A-Za-z0-9]{16,}+[\w-]*+"),
    _token("stripe", Sign("rk", "_", "live_"), "rk_live_", r"[A-Za-z0-9]{16,}+[\w-]*+"),
    _aws_secret(Sign("secret", "_", "access_key"), "secret_access_key"),
    _aws_secret(Sign("SECRET", "_", "ACCESS_KEY"), "SECRET_ACCESS_KEY"),
    _aws_secret(Sign("ecret", "A", "ccessKey"), "ecretAccessKey"),
    Pattern(  # the length is checked first: it is cheaper than where a word begins
        "aws",
        (Sign("", "A", "(?:KIA|SIA|BIA|CCA)[A-Z0-9]"),),
        r"A(?:KIA|SIA|BIA|CCA)(?=[A-Z0-9]{16}(?![A-Za-z0-9]))"
        rf"{word_start('A...')}[A-Z0-9]{{16}}",
    ),
    Pattern(  # like the one above
        "google",
        (Sign("", "A", "Iza"),),
        rf"AIza(?=[\w-]{{35}}(?![\w-])){word_start('AIza')}[\w-]{{35}}",
    ),
    _token("google", Sign("", "A", r"Q\.[\w-]"), r"AQ\.", r"[A-Za-z0-9][\w-]{39,}+"),
    _token("gitlab", Sign("", "G", "R1348941"), "GR1348941", r"[\w-]{20,}+"),
    _token("sendgrid", Sign("S", "G", r"\."), r"SG\.", r"[\w-]{16,}+\.[\w-]{32,}+"),
    _token("aws", Sign("IQo", "J", "b3JpZ2lu"), "IQoJb3JpZ2lu", r"[A-Za-z0-9/+%]{100,}+=*+"),
    Pattern(
        "jwt",
        (Sign("ey", "J", ""),),
        rf"eyJ{word_start('eyJ', _WORD)}[\w-]{{8,}}+"
        r"(?:\.eyJ[\w-]{8,}+(?:\.[\w-]++)?+|\.[\w-]*+(?:\.[\w-]{10,}+){3})",
    ),
    Pattern(
        "azure",
        (Sign("AccountKey", "=", ""),),
        r"(?P<keep>AccountKey=)[A-Za-z0-9+/]{86}==",
    ),
    Pattern(
        "azure",
        (Sign("[?&]sig", "=", ""),),
        r"(?P<keep>sig=(?<=[?&]sig=))[A-Za-z0-9%+/]{43,}+=*+",
    ),
    Pattern(
        "azure",
        (Sign(r"\dQ", "~", ""),),
        r"Q~(?<=[\w~.]{3}\dQ~)(?<![\w~.-][\w~.]{3}\dQ~)[\w~.-]{31,34}(?![\w~.-])",
    ),
    _authorization(Sign("", "z", "ation"), "uthorization"),
    _authorization(Sign("", "A", "UTHORIZATION"), "UTHORIZATION"),
    Pattern(
        "url-password",
        (Sign("", "@", ""),),
        rf"(?P<keep>://(?<=\w\w://)[^{_BLANK}/?#@:\"'`<>\\]{{0,256}}:)"
        rf"(?![$<{{*]|\[redacted:)[^{_BLANK}/?#\"'`<>\\]{{3,512}}(?=@)",
        least=len("ws://:abc@"),
    ),
    Pattern(
        "password",  # with a letter and a digit; a call or an attribute is code
        (Sign("[sS][wW][oO][rR][dD]", "=", ""), Sign("[sS][wW][dD]", "=", "")),
        r"(?P<keep>=(?:(?<=[sS][wW][oO][rR][dD]=)|(?<=[sS][wW][dD]=))[\"'\\]{0,2})"
        rf"(?=[^0-9{_NO_VALUE}]{{0,24}}+\d)(?=[^A-Za-z{_NO_VALUE}]{{0,24}}+[A-Za-z])"
        r"(?!=|[A-Za-z_]\w*+[(]|[A-Za-z_]++\.[A-Za-z_])"
        rf"[^{_NO_VALUE}]{{6,}}+",
        least=len("password=abc123"),
    ),
)
"""The patterns, in the order in which they are tried: specific before general."""
