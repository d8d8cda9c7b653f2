"""Made-up secrets, texts that only look like some, and texts made to mislead a regex.

Every token is put together from two parts, so that no scanner of secrets takes this file for a
leak.
"""

from __future__ import annotations

from typing import NamedTuple

ALNUM = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0dF3hJ5kL7nP9rS1uV2xY4zA6cE8gI0kM"
HEX = "3f0c9a527d1b4c1e9b1a0f2d7a6e5c11" * 4
URLSAFE = "Zx-9_kQ7wE-r5T_yU3iO1pA-s2D_fG4hJ6kL8zX_cV0bN-mQ" * 3
UPPER = "J7Q2ZK5XW4MB3NT6"
JWT_HEAD = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
JWT_BODY = "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4ifQ"
JWT_SIGNATURE = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
PEM_BODY = "\n".join(["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"] * 4)


def pem(label: str, body: str = PEM_BODY) -> str:
    return f"-----BEGIN {label}-----\n{body}\nkg==\n-----END {label}-----"


TOKENS = {
    "anthropic api": ("anthropic", "sk-ant" + f"-api03-{URLSAFE[:93]}AA"),
    "anthropic admin": ("anthropic", "sk-ant" + f"-admin01-{URLSAFE[:93]}AA"),
    "anthropic login": ("anthropic", "sk-ant" + f"-oat01-{URLSAFE[:93]}AA"),
    "openai": ("openai", "sk" + f"-{ALNUM[:20]}T3BlbkFJ{ALNUM[:20]}"),
    "openai project": ("openai", "sk-proj" + f"-{URLSAFE[:74]}T3BlbkFJ{URLSAFE[:74]}"),
    "openai service": ("openai", "sk-svcacct" + f"-{URLSAFE[:58]}T3BlbkFJ{URLSAFE[:58]}"),
    "openai admin": ("openai", "sk-admin" + f"-{URLSAFE[:58]}T3BlbkFJ{URLSAFE[:58]}"),
    "deepseek": ("openai", "sk" + f"-{HEX[:32]}"),
    "openrouter": ("openrouter", "sk-or" + f"-v1-{HEX[:64]}"),
    "google": ("google", "AIza" + f"SyD-{URLSAFE[:31]}"),
    "google auth key": ("google", "AQ" + f".Ab8RN6{URLSAFE[:44]}"),
    "google client": ("google", "GOCSPX" + f"-{URLSAFE[:28]}"),
    "xai": ("xai", "xai" + f"-{(ALNUM * 2)[:80]}"),
    "groq": ("groq", "gsk" + f"_{ALNUM[:52]}"),
    "hugging face": ("huggingface", "hf" + f"_{ALNUM[:34]}"),
    "perplexity": ("perplexity", "pplx" + f"-{ALNUM[:48]}"),
    "nvidia": ("nvidia", "nvapi" + f"-{URLSAFE[:64]}"),
    "replicate": ("replicate", "r8" + f"_{ALNUM[:37]}"),
    "github personal": ("github", "ghp" + f"_{ALNUM[:36]}"),
    "github oauth": ("github", "gho" + f"_{ALNUM[:36]}"),
    "github user": ("github", "ghu" + f"_{ALNUM[:36]}"),
    "github app": ("github", "ghs" + f"_{ALNUM[:36]}"),
    "github refresh": ("github", "ghr" + f"_{(ALNUM * 2)[:76]}"),
    "github app, long": ("github", "ghs" + f"_123456_{JWT_HEAD}.{JWT_BODY}.{JWT_SIGNATURE}"),
    "github fine-grained": ("github", "github_pat" + f"_{ALNUM[:22]}_{ALNUM[:59]}"),
    "gitlab personal": ("gitlab", "glpat" + f"-{URLSAFE[:20]}"),
    "gitlab, routable": ("gitlab", "glpat" + f"-{URLSAFE[:27]}.01.0w1abcdef"),
    "gitlab deploy": ("gitlab", "gldt" + f"-{URLSAFE[:20]}"),
    "gitlab runner": ("gitlab", "glrt" + f"-{URLSAFE[:20]}"),
    "gitlab job": ("gitlab", "glcbt" + f"-64_{URLSAFE[:20]}"),
    "gitlab agent": ("gitlab", "glagent" + f"-{URLSAFE[:50]}"),
    "gitlab registration": ("gitlab", "GR1348941" + URLSAFE[:20]),
    "slack bot": ("slack", "xoxb" + f"-123456789012-1234567890123-{ALNUM[:24]}"),
    "slack user": ("slack", "xoxp" + f"-123456789012-123456789012-1234567890123-{HEX[:32]}"),
    "slack app": ("slack", "xapp" + f"-1-A0123456789-1234567890123-{HEX[:64]}"),
    "aws key id": ("aws", "AKIA" + UPPER),
    "aws temporary key id": ("aws", "ASIA" + UPPER),
    "aws session": ("aws", "IQoJ" + f"b3JpZ2luX2VjE{ALNUM * 3}==".replace("_", "")),
    "jwt": ("jwt", f"{JWT_HEAD}.{JWT_BODY}" + f".{JWT_SIGNATURE}"),
    "jwt, encrypted": ("jwt", f"{JWT_HEAD}." + f".{URLSAFE[:16]}.{URLSAFE[:40]}.{URLSAFE[:22]}"),
    "npm": ("npm", "npm" + f"_{ALNUM[:36]}"),
    "pypi": ("pypi", "pypi" + f"-AgEIcHlwaS5vcmc{URLSAFE}"),
    "test pypi": ("pypi", "pypi" + f"-AgENdGVzdC5weXBpLm9yZw{URLSAFE}"),
    "stripe secret": ("stripe", "sk" + f"_live_{ALNUM[:24]}"),
    "stripe restricted": ("stripe", "rk" + f"_live_{(ALNUM * 2)[:99]}"),
    "sendgrid": ("sendgrid", "SG" + f".{URLSAFE[:22]}.{URLSAFE[:43]}"),
    "pem": ("private-key", pem("PRIVATE" + " KEY")),
    "pem rsa": ("private-key", pem("RSA PRIVATE" + " KEY")),
    "pem openssh": ("private-key", pem("OPENSSH PRIVATE" + " KEY")),
    "pem pgp": ("private-key", pem("PGP PRIVATE" + " KEY BLOCK", f"Version: 1\n\n{PEM_BODY}")),
    "pem with its own headers": (
        "private-key",
        pem(
            "RSA PRIVATE" + " KEY",
            f"Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n{PEM_BODY}",
        ),
    ),
    "pem in a string": ("private-key", pem("EC PRIVATE" + " KEY").replace("\n", r"\n")),
    "pem, headers and no end": (
        "private-key",
        pem("RSA PRIVATE" + " KEY", f"Proc-Type: 4,ENCRYPTED\nDEK-Info: DES,0A\n\n{PEM_BODY}")
        .partition("\nkg==")[0]
        .replace("\n", r"\n"),
    ),
    "pem, its end cut off": ("private-key", pem("PRIVATE" + " KEY").partition("\nkg==")[0]),
}
"""Secrets that are marked as a whole: kind and text."""


class Kept(NamedTuple):
    """A secret whose surroundings say what it is, and stay."""

    kind: str
    before: str
    secret: str
    after: str = ""


IN_PLACE = {
    "bearer": Kept("authorization", "Authorization: Bearer ", ALNUM[:40]),
    "bearer, short": Kept("authorization", "authorization: bearer ", "abc123"),
    "bearer, only letters": Kept("authorization", "Authorization: Bearer ", "abcdefghijklmnopq"),
    "basic": Kept("authorization", "Authorization: Basic ", "dXNlcjpwYXNz"),
    "basic, padded": Kept("authorization", "AUTHORIZATION: basic ", "dXNlcjpzZWNyZXQ="),
    "token": Kept("authorization", "Proxy-Authorization: token ", HEX[:40]),
    "header of curl": Kept(
        "authorization", "-H 'Authorization: Bearer ", ALNUM[:30], "' https://x"
    ),
    "header in JSON": Kept("authorization", '{"Authorization": "Bearer ', ALNUM[:30], '"}'),
    "header in escaped JSON": Kept(
        "authorization", r"{\"Authorization\":\"Bearer ", "Ab1.2cd", r"\"}"
    ),
    "header in Python": Kept("authorization", "h['Authorization'] = 'Bearer ", ALNUM[:30], "'"),
    "url": Kept("url-password", "postgres://user:", "hunter2", "@db.example.com:5432/app"),
    "url without user": Kept("url-password", "redis://:", "s3cr3t", "@cache:6379/0"),
    "url, an @ in it": Kept("url-password", "https://me:", "p@ss-w0rd", "@example.com/a?b=c"),
    "url of git": Kept("url-password", "https://oauth2:", "hunter22", "@git.example.com/a.git"),
    "aws secret, ini": Kept("aws", "aws_secret_access_key = ", (ALNUM + "/+")[-40:]),
    "aws secret, shell": Kept("aws", "AWS_SECRET_ACCESS_KEY=", ("/" + ALNUM)[:40]),
    "aws secret, JSON": Kept("aws", '"SecretAccessKey": "', ("+" + ALNUM)[:40], '"'),
    "slack hook": Kept("slack", "https://hooks.slack.com/services/", "T01ABCDE/B02ABCDE/aB3dE5gH"),
    "azure storage": Kept("azure", "AccountKey=", (ALNUM * 2)[:86] + "==", ";EndpointSuffix=x"),
    "azure sas": Kept("azure", "https://a.example/b?sv=1&sig=", (ALNUM * 2)[:43] + "%3D"),
    "azure client": Kept("azure", "abc8", f"Q~{ALNUM[:34]}"),
    "password": Kept("password", "password=", "hunter2", "&user=me"),
    "password, quoted": Kept("password", 'PGPASSWORD="', "corr3ct-horse", '" psql'),
    "password, option": Kept("password", "mysql --password=", "s3cr3t!", " -e x"),
}
"""Secrets in what tells them: the rest of it stays."""

NEAR_MISSES = [
    "",
    "a",
    "commit 3f0c9a527d1b4c1e9b1a0f2d7a6e5c113f0c9a52",
    "sha256:" + HEX[:64],
    "instance 3f0c9a52-7d1b-4c1e-9b1a-0f2d7a6e5c11 is ready",
    "data:image/png;base64," + ALNUM * 40 + "/+" + ALNUM * 10 + "==",
    "from sk-learn import svm; sk-learn-contrib-lightning-and-other-long-package-names",
    "task-3f0c9a527d1b4c1e9b1a0f2d7a6e5c11 and disk-0123456789abcdef0123456789abcdef",
    "risk-based, well-known, state-of-the-art-multi-agent-orchestration-of-terminals",
    "sk-ant-api03-… is where the key goes",
    "sk-ant-api03-your-key-here",
    "export ANTHROPIC_API_KEY=$KEY OPENAI_API_KEY=${OPENAI_API_KEY}",
    "sk-… and sk-proj-<your key>",
    "ghp_short and ghp_ and gh_p",
    "ghs_a_function_with_a_rather_long_snake_case_name(x)",
    "hf_hub_download(repo_id, filename) and hf_transfer",
    "npm_config_registry=https://registry.npmjs.org npm_lifecycle_event",
    "pypi-publish.yml runs pypi-attestations",
    "gsk_settings and glpat-… and glpat-short",
    "gitlab: glide-path, global-state, gloss-over-the-details-of-things",
    "xoxo-kisses-and-hugs-from-everybody-here-today",
    "xoxb-your-slack-bot-token-goes-here",
    "AKIA is what an AWS key id begins with; AKIA123 is short",
    "ASIAPACIFICREGIONALHEADQUARTERSOFTHECOMPANY",
    "AIza is what a Google key begins with: AIzaSy...",
    "eyJ begins base64 of JSON, as in eyJhIjoxfQ== or eyJhbGciOiJIUzI1NiJ9",
    "eyJhbGciOiJIUzI1NiJ9.notAPayload",
    "Authorization: none",
    "Authorization: Basic authentication is required",
    "Authorization: Bearer <token>",
    "Authorization: Bearer $TOKEN",
    "authorization: Bearer ${{ secrets.TOKEN }}",
    "the authorization of organizations needs tokenization",
    "https://example.com/a/b?c=d#e and http://localhost:8080/x@y",
    "https://user@example.com/path and ssh://git@host:22/repo.git",
    "git@github.com:owner/repo.git and me@example.com, you@example.com",
    "postgres://user:***@db/app and https://user:$PASS@host and http://{user}:{pw}@host",
    "see http://localhost:3000, or write to me@example.com",
    "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG\n-----END CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIB\n-----END PUBLIC KEY-----",
    "a file that begins with -----BEGIN PRIVATE KEY----- is a key, and not a certificate",
    "---\ntitle: x\n---\n| a | b |\n|-----|-----|\n",
    "password=None, password=os.environ['PG1'], password=get_password2(), password=args.p1",
    "if password==stored1: keyword=python311 and password=<secret1> or password=$PASS1",
    "password: at least 8 characters; tokens: 812, cost: 0.00008",
    "secret_access_key = load(); aws_secret_access_key: str",
    "AWS_SECRET_ACCESS_KEY=3f0c9a527d1b4c1e9b1a0f2d7a6e5c113f0c9a527d1b4c1e",
    "SG.short.parts and SG.U and MSG.format(x)",
    "AC3f0c9a527d1b4c1e9b1a0f2d7a6e5c11 and SK3f0c9a527d1b4c1e9b1a0f2d7a6e5c11",
    "https://hooks.slack.com/services/… takes a POST",
    "r8_stands for nothing; Q~ and 1Q~x",
    "/home/user/projects/task_42/src/very_long_file_name_with_many_parts_2025-10-03T12-30-45.log",
    "\x1b[31mred\x1b[0m and \x1b[1;32mgreen\x1b[m",
]
"""Texts that hold no secret."""

AROUND = [
    ("", ""),
    ("key ", " was used"),
    ("key=", ", then"),
    ('{"key": "', '"}'),
    (r"line\n", r"\nline"),
    ("line\n", "\nline"),
    ("\x1b[31m", "\x1b[0m"),
    (r"\u001b[38;5;214m", r"\u001b[m"),
    ("a%3D", "%26b"),
    ("(", ")."),
    ("é", "é"),
    ("\ud800", "\ud800"),
]
"""What may stand before and after a secret."""

ADVERSARIAL = {
    "letters": "a",
    "dashes": "-",
    "lines of dashes": "----- ",
    "sk-ant-": "sk-ant-",
    "sk-ant- and more": f"sk-ant-{'a' * 31} ",
    "sk- and letters": f"sk-{'a' * 31} ",
    "eyJ": "eyJ",
    "eyJ after dashes": "-eyJ",
    "eyJ in colours": "\x1b[1meyJaaaaaaaaa",
    "headers of tokens": "eyJaaaaaaaaa.",
    "headers and an empty part": "eyJaaaaaaaaa.. ",
    "dots": ".",
    "colons": ":",
    "ats": "@",
    "urls": "ws://:",
    "urls that never end": "ws://a:b",
    "urls with many ats": "ws://a:@@@@@@@@@@",
    "long passwords": f"ws://a:{'b' * 600}",
    "five dashes and BEGIN": "-----BEGIN",
    "keys without an end": "-----BEGIN PRIVATE KEY-----",
    "keys and no base64": "-----BEGIN PRIVATE KEY----- -a-a-a-a-a-a ",
    "keys with blanks": f"-----BEGIN PRIVATE KEY-----{' ' * 17}",
    "keys of blanks": f"-----BEGIN {' ' * 40}",
    "dashes in a key": "-----BEGIN PRIVATE KEY-----" + "-a" * 200,
    "underscores": "_",
    "ghp_": "ghp_",
    "ghs_ and numbers": "ghs_12345678901234567890_",
    "github, dotted": f"ghp_{'a' * 36}.{'a' * 15}.",
    "AKIA": "AKIA",
    "AIza": "-AIza",
    "AIza, too long": f" AIza{'a' * 36}",
    "azure": "1Q~",
    "passwords": "password=",
    "passwords, almost": f"password={'a' * 32}",
    "calls": f"password={'a' * 32}( ",
    "attributes": "password=a.a ",
    "headers": "authorization: bearer ",
    "headers, almost": f"authorization: bearer {'a' * 15} ",
    "headers, dotted": f"authorization: bearer {'a.' * 7}",
    "headers with quotes": "authorization''''    ",
    "secrets": "secret_access_key=",
    "secrets, almost": f"secret_access_key={'a' * 41} ",
    "signature": "&sig=aaaaaaa",
    "sendgrid": "SG.aaaaaaaaaaaaaaaa.",
    "slack": "xoxb-1",
    "gitlab": "glpat-a.aa.",
    "quotes": "\"'",
    "percents": "%20",
    "wide": "\U0001f511",
    "mixed": "sk-ant-eyJ.ghp_:@://a:b@-----BEGIN password=AKIA authorization: bearer ",
}
"""Units of hostile texts."""


def repeated(unit: str, size: int) -> str:
    """A text of `size` characters made of `unit`."""
    return (unit * (size // len(unit) + 1))[:size]
