"""What a pane waits for: real-looking frames that ask a person, and near misses that do not."""

from __future__ import annotations

import msgspec
import pytest

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.prompts import compile_patterns, find_question
from logging_core.analyse.state import InstanceState, State
from logging_core.codec.pane import pane_tail
from logging_core.records import AuditEvent, Batch, FrameRef, LifecycleEvent, Message, Record

CLAUDE_COMMAND = """\
⏺ I'll clear the build directory first.

╭──────────────────────────────────────────────────────────────────╮
│ Bash command                                                       │
│                                                                    │
│   rm -rf build                                                     │
│   Remove the build directory                                       │
│                                                                    │
│ Do you want to proceed?                                            │
│ ❯ 1. Yes                                                           │
│   2. Yes, and don't ask again for rm commands in /home/project     │
│   3. No, and tell Claude what to do differently (esc)              │
│                                                                    │
╰──────────────────────────────────────────────────────────────────╯
"""
CLAUDE_EDIT = """\
 Edit file
 src/parser.py
────────────────────────────────────────────────────
 12 -    return None
 12 +    return []
────────────────────────────────────────────────────
 Do you want to make this edit to parser.py?
   1. Yes
 ❯ 2. Yes, allow all edits during this session
      (shift+tab)
   3. No

 Esc to cancel · Tab to amend
"""
CLAUDE_BYPASS = """\
╭──────────────────────────────────────────────────────────────────╮
│ WARNING: Claude Code running in Bypass Permissions mode            │
│                                                                    │
│ In Bypass Permissions mode, Claude Code will not ask for your      │
│ approval before running potentially dangerous commands.            │
│                                                                    │
│ By proceeding, you accept all responsibility for actions taken     │
│ while running in Bypass Permissions mode.                          │
│                                                                    │
│ https://docs.claude.com/en/docs/claude-code/security               │
│                                                                    │
│ ❯ 1. No, exit                                                      │
│   2. Yes, I accept                                                 │
│                                                                    │
╰──────────────────────────────────────────────────────────────────╯
   Enter to confirm · Esc to exit
"""
CLAUDE_SERVER = """\
 New MCP server found in .mcp.json: github

 MCP servers may execute code or access system resources.

 ❯ 1. Use this and all future MCP servers in this project
   2. Use this MCP server
   3. Continue without using this MCP server

 Enter to confirm · Esc to reject
"""
CLAUDE_THEME = """\
 Let's get started.

 Choose the text style that looks best with your terminal
 To change this later, run /theme

 ❯ 1. Dark mode ✔
   2. Light mode
   3. Dark mode (colorblind-friendly)

"""
CLAUDE_LOGGED_OUT = """\
> hello
  ⎿  Invalid API key · Please run /login

╭──────────────────────────────────────────────────────╮
│ >                                                    │
╰──────────────────────────────────────────────────────╯
  ? for shortcuts
"""
GEMINI = """\
 Allow execution of: 'npm'?

   1. Yes, allow once
 ● 2. Yes, allow always ...
   3. No, suggest changes (esc)
"""
CLAUDE_TRUST = """\
 Do you trust the files in this folder?

 /home/project

 Claude Code may read, write, or execute files contained in this
 directory. This can pose security risks, so only use files from
 trusted sources.

 ❯ 1. Yes, proceed
   2. No, exit

 Enter to confirm · Esc to exit
"""
CLAUDE_PLAN = """\
│ Here is Claude's plan:                              │
│  1. Split the parser                                │
│  2. Add tests                                       │
╰─────────────────────────────────────────────────────╯

 Would you like to proceed?

 ❯ 1. Yes, and auto-accept edits
   2. Yes, and manually approve edits
   3. No, keep planning
"""
CLAUDE_CHOICE = """\
 ☐ Database

Which database should the service use?

❯ 1. PostgreSQL
     Mature, and the team knows it
  2. SQLite
     One file, nothing to run

Enter to select · ↑/↓ to navigate · Esc to cancel
"""
CLAUDE_LOGIN = """\
 Select login method:

 ❯ 1. Claude account with subscription
   2. Anthropic Console account
"""
CLAUDE_CODE = """\
Browser didn't open? Use the url below to sign in:

https://claude.ai/oauth/authorize?code=true&client_id=9d1c

Paste code here if prompted >
"""
CLAUDE_KEY = """\
 Detected a custom API key in your environment

 ANTHROPIC_API_KEY: sk-ant-...abc

 Do you want to use this API key?

   1. Yes
 ❯ 2. No (recommended)
"""
CODEX_COMMAND = """\
  Would you like to run the following command?

  Reason: run the tests outside the sandbox

  $ cargo test --all

› 1. Yes, proceed (y)
  2. Yes, and don't ask again for this command (a)
  3. No, and tell Codex what to do differently (esc)

  Press enter to confirm or esc to cancel
"""
CODEX_OLD = """\
▌Allow command?
▌
▌  $ git push origin main
▌
▌▶ Yes   Always   No, provide feedback   Abort
▌  Approve and run the command
"""
CODEX_TRUST = """\
> You are running Codex in /home/project

  Do you trust the contents of this directory? Working with untrusted
  contents comes with higher risk of prompt injection.

› 1. Yes, continue
  2. No, quit

  Press enter to continue
"""

CODEX_LONG = """\
  Would you like to run the following command?

  Reason: seed the test database

  $ python - <<'PY'
  import sqlite3
  db = sqlite3.connect("test.db")
  db.execute("create table users (id, name)")
  for n in range(10):
      db.execute("insert into users values (?, ?)", (n, f"user {n}"))
  db.commit()
  print(db.execute("select count(*) from users").fetchone())
  PY

› 1. Yes, proceed (y)
  2. No, and tell Codex what to do differently (esc)

  Press enter to confirm or esc to cancel
"""
CODEX_MODEL = """\
> Codex just got an upgrade. Introducing gpt-5.1-codex-max.

  Our latest frontier agentic coding model is smarter and faster. Want to know more?
  Learn more: https://openai.com/index/gpt-5-1-codex-max

  Choose how you'd like Codex to proceed.

› 1. Try new model
  2. Use existing model

  Use ↑/↓ to move, press enter to confirm
"""
CODEX_CHEAPER = """\
  Approaching rate limits
  Switch to gpt-5.1-codex-mini for lower credit usage?

› 1. Switch to gpt-5.1-codex-mini
  2. Keep current model

  Use ↑/↓ to move, press enter to confirm
"""
CODEX_APPROVALS = """\
  Select Approval Mode

› 1. Read Only (current)  Codex can read files
  2. Auto                 Codex can read and edit files

  Use ↑/↓ to move, press enter to confirm
"""
CODEX_LIMIT = """\
› go on with the parser

■ You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing), or
  try again in 3 hours 5 minutes.


› Ask Codex to do anything

  gpt-5-codex high · 100% left · ~/proj
"""
CODEX_NARROW = """\
> You are running Codex in
  /home/project

  Do you trust the contents of
  this directory? Working with
  untrusted contents comes with
  higher risk of prompt injection.

› 1. Yes, continue
  2. No, quit

  Press enter to continue
"""
CODEX_NARROW_COMMAND = """\
  Would you like to run the
  following command?

  Reason: run the tests
  outside the sandbox

  $ cargo test --all
  --features sqlite,postgres
  --no-fail-fast -- --nocapture
  --test-threads 1
  --skip network
  --skip slow
  --skip flaky

› 1. Yes, proceed (y)
  2. No, and tell Codex what to
     do differently (esc)
"""
CLAUDE_FETCH = """\
⏺ I'll look it up in the
  documentation first.

╭──────────────────────────────╮
│ Fetch                        │
│                              │
│   https://docs.python.org    │
│   Claude wants to fetch      │
│   content from               │
│   docs.python.org            │
│                              │
│ Do you want to allow         │
│ Claude to fetch this         │
│ content?                     │
│ ❯ 1. Yes                     │
│   2. No, and tell Claude     │
│      what to do differently  │
│      (esc)                   │
╰──────────────────────────────╯
"""
CLAUDE_NARROW_CHOICE = """\
⏺ Sessions are in memory now.
  They need a place of their own

╭──────────────────────────────╮
│ ☐ Database                   │
│                              │
│ Which of the two databases   │
│ is it that the service is    │
│ to keep all sessions in?     │
│                              │
│ ❯ 1. PostgreSQL              │
│   2. SQLite                  │
╰──────────────────────────────╯
"""
CLAUDE_STATUS_LINE = """\
> hello
  ⎿  API Error: 401 authentication_error · Please run /login

──────────────────────────────────────────────────────
>
──────────────────────────────────────────────────────
  ~/proj  main ±3  Opus 4.1  $0.42  ctx 12%
  ⏵⏵ accept edits on (shift+tab to cycle)
"""
HOMEBREW = """\
==> This script will install:
/opt/homebrew/bin/brew
/opt/homebrew/share/doc/homebrew

Press RETURN/ENTER to continue or any other key to abort:
"""
GIT_HUNK = """\
@@ -1,4 +1,4 @@
 def parse(text):
-    return None
+    return []

(1/1) Stage this hunk [y,n,q,a,d,e,p,?]? """

INPUT = """\
╭──────────────────────────────────────────────────────╮
│ >                                                    │
╰──────────────────────────────────────────────────────╯
  ? for shortcuts
"""
ASKING = {
    "a command of Claude": ("claude", CLAUDE_COMMAND, "Do you want to proceed?"),
    "an edit of Claude": ("claude", CLAUDE_EDIT, "Do you want to make this edit to parser.py?"),
    "the folder for Claude": ("claude", CLAUDE_TRUST, "Do you trust the files in this folder?"),
    "a plan of Claude": ("claude", CLAUDE_PLAN, "Would you like to proceed?"),
    "a choice of Claude": ("claude", CLAUDE_CHOICE, "Which database should the service use?"),
    "the login of Claude": ("claude", CLAUDE_LOGIN, "Select login method:"),
    "the code of a login": ("claude", CLAUDE_CODE, "Paste code here if prompted"),
    "a key found by Claude": ("claude", CLAUDE_KEY, "Do you want to use this API key?"),
    "a command of Codex": (
        "codex",
        CODEX_COMMAND,
        "Would you like to run the following command?",
    ),
    "all permissions at once": (
        "claude",
        CLAUDE_BYPASS,
        "WARNING: Claude Code running in Bypass Permissions mode",
    ),
    "a new server": ("claude", CLAUDE_SERVER, "New MCP server found in .mcp.json: github"),
    "a theme": (
        "claude",
        CLAUDE_THEME,
        "Choose the text style that looks best with your terminal",
    ),
    "a limit of Claude": (
        "claude",
        f"⏺ Reading\n\nClaude usage limit reached. Your limit will reset at 3pm.\n\n{INPUT}",
        "Claude usage limit reached. Your limit will reset at 3pm.",
    ),
    "a limit of hours": (
        "claude",
        f"  ⎿  5-hour limit reached ∙ resets 3pm\n     /upgrade to raise your limit.\n{INPUT}",
        "5-hour limit reached ∙ resets 3pm",
    ),
    "a limit of Codex": (
        "codex",
        "■ Error\nYou've hit your usage limit. Try again in 3 hours.\n\n› Ask Codex to do anything",
        "You've hit your usage limit. Try again in 3 hours.",
    ),
    "a login that ended": ("claude", CLAUDE_LOGGED_OUT, "Please run /login"),
    "any menu that says what Enter does": (
        "claude",
        " Resume a session\n\n ❯ 1. Fix the parser\n   2. New session\n\n Enter to select · Esc",
        "Resume a session",
    ),
    "a command of Gemini": ("gemini", GEMINI, "Allow execution of: 'npm'?"),
    "a code by mail": ("shell", "Verification code: ", "Verification code"),
    "a code of two": (
        "shell",
        "Enter MFA code for arn:aws:iam::1:mfa/x: ",
        "Enter MFA code for arn:aws:iam::1:mfa/x",
    ),
    "a value": ("shell", "var.region\n  Where to deploy\n\n  Enter a value: ", "Enter a value"),
    "any key, of Windows": (
        "shell",
        "Press any key to continue . . . ",
        "Press any key to continue",
    ),
    "a command of an old Codex": ("codex", CODEX_OLD, "Allow command?"),
    "the folder for Codex": ("codex", CODEX_TRUST, "Do you trust the contents of this directory?"),
    "apt": (
        "shell",
        "After this operation, 12 MB will be used.\nDo you want to continue? [Y/n] ",
        "Do you want to continue? [Y/n]",
    ),
    "y or N": ("codex", "Overwrite existing file? [y/N]", "Overwrite existing file? [y/N]"),
    "y, n or all": ("codex", "Apply this hunk? (y/n/a)\n", "Apply this hunk? (y/n/a)"),
    "ssh": (
        "claude",
        "Host 'example.org' is new.\nAre you sure you want to continue (yes/no/[fingerprint])? ",
        "Are you sure you want to continue (yes/no/[fingerprint])",
    ),
    "Enter": ("claude", "Setup finished.\n\nPress Enter to continue...", "Press Enter to continue"),
    "any key": ("shell", "[Press any key to exit]", "[Press any key to exit"),
    "an API key": ("shell", "Enter your OpenAI API key: ", "Enter your OpenAI API key"),
    "sudo": ("claude", "$ sudo apt update\n[sudo] password for ada: ", "[sudo] password for ada"),
    "a password": ("shell", "ada@example.org's password:", "ada@example.org's password"),
    "a passphrase": (
        "shell",
        "Enter passphrase for key '/home/ada/.ssh/id_ed25519': ",
        "Enter passphrase for key '/home/ada/.ssh/id_ed25519'",
    ),
    "npx": (
        "shell",
        "Need to install the following packages:\ncreate-vite@5.5.2\nOk to proceed? (y) ",
        "Ok to proceed? (y)",
    ),
    "git's user": (
        "claude",
        "⏺ Bash(git push)\n  ⎿  Username for 'https://github.com': ",
        "Username for 'https://github.com'",
    ),
    "git's password": (
        "shell",
        "Username for 'https://github.com': ada\nPassword for 'https://ada@github.com': ",
        "Password for 'https://ada@github.com'",
    ),
    "more": ("shell", "$ more CHANGES\n1.2\n  - faster\n--More--(42%)", "--More--(42%)"),
    "systemd's more": ("shell", "Nov 23 12:00:00 box sshd[1]: up\n--More--", "--More--"),
    "less": ("shell", "commit 9d1c\n\n    Parse faster\n\n(END)", "(END)"),
    "less with places": ("shell", "● ssh.service\nlines 1-23/23 (END)", "lines 1-23/23 (END)"),
    "an unknown type": (None, CLAUDE_COMMAND, "Do you want to proceed?"),
    "gh": (
        "shell",
        (
            "! First copy your one-time code: 7B1C-09F2\n"
            "Press Enter to open https://github.com/login/device in your browser... "
        ),
        "Press Enter to open https://github.com/login/device in your browser",
    ),
    "add-apt-repository": (
        "shell",
        "Adding repository.\nPress [ENTER] to continue or Ctrl-c to cancel adding it.\n",
        "Press [ENTER] to continue or Ctrl-c to cancel adding it",
    ),
    "homebrew": (
        "shell",
        HOMEBREW,
        "Press RETURN/ENTER to continue or any other key to abort",
    ),
    "Enter or Ctrl+C": (
        "shell",
        "The database will be dropped. Press Enter to continue, or Ctrl+C to abort",
        "Press Enter to continue, or Ctrl+C to abort",
    ),
    "a request for Enter": (
        "shell",
        "Please press ENTER to continue",
        "Please press ENTER to continue",
    ),
    "a hunk of git": ("claude", GIT_HUNK, "(1/1) Stage this hunk [y,n,q,a,d,e,p,?]"),
    "N or y": (
        "shell",
        "mkfs: /dev/sdb1 is mounted.\nProceed anyway? [N/y] ",
        "Proceed anyway? [N/y]",
    ),
    "y/N after a time": ("shell", "12:30:45 Overwrite? [y/N]", "12:30:45 Overwrite? [y/N]"),
    "getty": ("shell", "Debian GNU/Linux 12 box tty1\n\nbox login: ", "box login"),
    "docker's user": (
        "shell",
        "$ docker login\nLog in with your Docker ID to push and pull images.\nUsername: ",
        "Username",
    ),
    "docker's user again": ("shell", "$ docker login\nUsername (ada): ", "Username (ada)"),
    "docker's password": ("shell", "$ docker login\nUsername: ada\nPassword: ", "Password"),
    "su": ("claude", "$ su -\nPassword: ", "Password"),
    "a new password": ("shell", "New password: ", "New password"),
    "a password in a box": (
        "shell",
        "╭──────────────╮\n│ Password:    │\n╰──────────────╯",
        "Password",
    ),
    "a password in Claude's output": (
        "claude",
        "⏺ Bash(sudo ls)\n  ⎿  [sudo] password for bob: ",
        "[sudo] password for bob",
    ),
    "a model of Codex": ("codex", CODEX_MODEL, "Choose how you'd like Codex to proceed."),
    "a cheaper model of Codex": (
        "codex",
        CODEX_CHEAPER,
        "Switch to gpt-5.1-codex-mini for lower credit usage?",
    ),
    "a command of Codex above how to move": (
        "codex",
        CODEX_LONG.replace("Press enter to confirm or esc", "Use ↑/↓ to move, esc"),
        "Would you like to run the following command?",
    ),
    "a menu of Codex": ("codex", CODEX_APPROVALS, "Select Approval Mode"),
    "a limit of Codex above its footer": (
        "codex",
        CODEX_LIMIT,
        "You've hit your usage limit. Upgrade to Pro (https://openai.com/chatgpt/pricing), or",
    ),
    "a limit of Claude above a status line of one's own": (
        "claude",
        f"  ⎿  5-hour limit reached ∙ resets 3pm\n     /upgrade.\n{INPUT}  ➜  proj git:(main)\n",
        "5-hour limit reached ∙ resets 3pm",
    ),
    "a login that ended above a status line of one's own": (
        "claude",
        CLAUDE_STATUS_LINE,
        "Please run /login",
    ),
    "a long command of Codex": (
        "codex",
        CODEX_LONG,
        "Would you like to run the following command?",
    ),
    "a choice below a question in prose": (
        "claude",
        f"⏺ Shall I use Postgres?\n\n{CLAUDE_CHOICE}",
        "Which database should the service use?",
    ),
    "a choice below a request in prose": (
        "claude",
        f"  Do you want to go on with Postgres?\n\n{CLAUDE_CHOICE}",
        "Which database should the service use?",
    ),
    "a command below a request in prose": (
        "codex",
        f"  Would you like to keep the old tests?\n\n{CODEX_COMMAND}",
        "Would you like to run the following command?",
    ),
    "a page for Claude in a narrow pane": (
        "claude",
        CLAUDE_FETCH,
        "Do you want to allow Claude to fetch this content?",
    ),
    "a choice of Claude in a narrow pane": (
        "claude",
        CLAUDE_NARROW_CHOICE,
        "Which of the two databases is it that the service is to keep all sessions in?",
    ),
    "a command of Codex in a narrow pane": (
        "codex",
        CODEX_NARROW_COMMAND,
        "Would you like to run the following command?",
    ),
    "the folder for Codex in a narrow pane": (
        "codex",
        CODEX_NARROW,
        "Do you trust the contents of this directory?",
    ),
    "a choice below its header": (
        "claude",
        "☐ Database\n\nwhich one?\n\n❯ 1. PostgreSQL\n  2. SQLite\n\nEnter to select · Esc",
        "which one?",
    ),
    "a choice below what is said further to the right": (
        "claude",
        "  The service needs one more thing\nWhich database?\n❯ 1. PostgreSQL\n  2. SQLite",
        "Which database?",
    ),
    "a choice below what is said": (
        "claude",
        "The service needs a database.\nWhich one?\n❯ 1. PostgreSQL\n  2. SQLite",
        "Which one?",
    ),
}


@pytest.mark.parametrize(("instance_type", "tail", "question"), ASKING.values(), ids=ASKING.keys())
def test_a_pane_that_asks_is_understood(
    instance_type: str | None, tail: str, question: str
) -> None:
    """The question is found, in one line, when it is what the pane ends with."""
    assert find_question(tail, instance_type) == question


CALM = {
    "nothing": ("claude", ""),
    "only a frame": ("claude", "╭────╮\n│    │\n╰────╯"),
    "an input box": ("claude", INPUT),
    "a command that was answered": ("claude", f"{CLAUDE_COMMAND}\n⏺ Bash(rm -rf build)\n{INPUT}"),
    "output after a dialog": ("claude", f"{CLAUDE_EDIT}\n⏺ Updated parser.py with 1 addition"),
    "a question in prose": ("claude", f"⏺ Do you want to proceed?\n\n{INPUT}"),
    "a question without a menu": ("claude", "Do you want to proceed?"),
    "a numbered list": (
        "claude",
        "What did I change?\n1. The parser\n2. The tests\n\n⏺ All tests pass.",
    ),
    "a list without a mark": ("claude", "What did I change?\n 1. The parser\n 2. The tests"),
    "a menu without a question": ("claude", "Steps\n❯ 1. Build\n  2. Test"),
    "a busy spinner": ("claude", "✻ Thinking… (12s · esc to interrupt)\n" + INPUT),
    "y/N in a diff": ("claude", '+    print("Overwrite? [y/N]")\n+    answer = input()'),
    "answered": ("shell", "Do you want to continue? [Y/n] y\nReading package lists..."),
    "answered on the same line": ("shell", "Do you want to continue? [Y/n] y"),
    "Enter in prose": ("claude", "Now users press Enter to continue, which works."),
    "Enter long ago": ("shell", "Press Enter to continue\nstarting server on :8080"),
    "a password that is given": ("shell", "password: hunter2"),
    "a log about passwords": ("shell", "2026-11-23 12:00:00 password: reset for ada done"),
    "a paste in prose": ("shell", "paste the code into main.py and run it."),
    "npx, answered": ("shell", "Ok to proceed? (y) y\n\nScaffolding project in /tmp/x..."),
    "npx in prose": ("claude", "⏺ It asks Ok to proceed? (y) before it installs anything."),
    "npx without a question": ("shell", "Ok to proceed (y)"),
    "a user's name in a log": ("shell", "Username for 'https://github.com': ada"),
    "a user's name in prose": ("claude", "⏺ I need the Username for the service, see below:"),
    "more long ago": ("shell", "--More--\n$ "),
    "more in prose": ("claude", "⏺ The pager stops at --More-- and waits"),
    "an option of more": ("shell", "  --more"),
    "less in prose": ("claude", "⏺ It stopped at (END)"),
    "the end of a text": ("shell", "Chapter 9 (END)"),
    "Codex's command, answered": ("codex", f"{CODEX_OLD}\n✔ You approved codex to run git push"),
    "Claude's dialog in another agent's pane": ("gemini", CLAUDE_COMMAND),
    "a server that was accepted": ("claude", f"{CLAUDE_SERVER}\n⏺ Connected to github\n{INPUT}"),
    "a login that worked": ("claude", f"{CLAUDE_LOGGED_OUT}\n⏺ Login successful\n{INPUT}"),
    "a limit in prose": (
        "claude",
        f"⏺ The API answers: usage limit reached.\n\n{INPUT}",
    ),
    "a limit that was reset": (
        "claude",
        f"5-hour limit reached ∙ resets 3pm\n\n> go on\n\n⏺ Reading the parser\n\n{INPUT}",
    ),
    "a limit of our own": ("claude", f"Rate limit reached for the client.\n\n{INPUT}"),
    "a login in prose": ("claude", f"⏺ If it says Please run /login, the key is wrong.\n\n{INPUT}"),
    "a list of Claude's": ("claude", "⏺ Shall I go on?\n\n● 1. Build\n  2. Test"),
    "Gemini's command, answered": ("gemini", f"{GEMINI}\n ✔ Shell npm install"),
    "a menu in a text": ("claude", "❯ 1. Yes\n  2. No\n\nEnter to confirm starts it.\n$ "),
    "a password that is looked at": ("shell", "Checking password:"),
    "a code in a log": ("shell", "Verification code: 123456"),
    "a working Codex": (
        "codex",
        "• Working (12s • esc to interrupt)\n\n› Ask Codex to do anything",
    ),
    "a password in a list": ("claude", "⏺ The form has:\n  - User name:\n  - Password:"),
    "a password in YAML": ("shell", "$ cat db.yml\ndb:\n  user: ada\n  password:"),
    "a password at the top of YAML": ("shell", "$ cat db.yml\nuser: ada\npassword:"),
    "a Password in YAML": ("shell", "$ cat db.yml\nDb:\n  Password:"),
    "a password in JSON": ("shell", '{\n  "password":'),
    "a password in a test's name": ("shell", " FAIL  login.test.ts\n ✓ rejects an empty password:"),
    "a password that is looked at, in a list": ("shell", "Steps\n  Checking password:"),
    "y/N found by grep": ("shell", "$ grep -rn y/N .\ninstall.sh:12: echo Overwrite? [y/N]"),
    "y/N found by Claude": (
        "claude",
        "⏺ Bash(grep -rn y/N .)\n  ⎿  setup.py:3:    # Overwrite? [y/N]",
    ),
    "y/N of a script": ("shell", "$ tail -1 install.sh\necho Overwrite? [y/N]"),
    "a script's Enter": ("shell", "install.sh:14:echo Done. Press Enter to continue"),
    "Enter in a usage text": ("shell", "Usage: Press Enter to continue"),
    "Enter in a manual": (
        "claude",
        "⏺ Press Enter to continue or any other key, which aborts the installation of all.",
    ),
    "gh, answered": (
        "shell",
        "Press Enter to open https://github.com/login/device in your browser...\n✓ Logged in.",
    ),
    "a hunk that was staged": ("claude", f"{GIT_HUNK}y\n\n$ "),
    "the letters of git in prose": ("claude", "⏺ Git asks with [y,n,q,a,d,e,p,?] for each hunk."),
    "a name that logs in": ("shell", "box login: ada"),
    "the last login": ("shell", "Last login: Mon Nov 23 12:00:00 2026 from 10.0.0.2"),
    "the last login, alone": ("shell", "Last login:"),
    "a login in YAML": ("shell", "$ cat ci.yml\njobs:\n  box login:"),
    "a user in YAML": ("shell", "$ cat db.yml\ndb:\n  Username:"),
    "a user at the top of YAML": ("shell", "$ cat db.yml\nusername:"),
    "a user that is given": ("shell", "Username: ada"),
    "Codex's model, chosen": ("codex", f"{CODEX_MODEL}\n• Model changed to gpt-5.1-codex-max"),
    "a limit of Codex that was reset": (
        "codex",
        CODEX_LIMIT.replace("\n\n› Ask", "\n\n› go on\n\n• Reading the parser\n\n› Ask"),
    ),
    "a Codex that works after a limit": (
        "codex",
        CODEX_LIMIT.replace(
            "\n\n› Ask", "\n\n› go on\n\n◦ Working (2s • esc to interrupt)\n\n› Ask"
        ),
    ),
    "a Claude that works after a login": (
        "claude",
        f"  ⎿  Please run /login\n\n> go on\n\n✻ Thinking… (3s · esc to interrupt)\n\n{INPUT}",
    ),
    "a Claude that was left after a limit": (
        "claude",
        f"  ⎿  5-hour limit reached ∙ resets 3pm\n{INPUT}ada@box:~/proj$ ",
    ),
    "a shell that took over after a limit": (
        "claude",
        f"  ⎿  5-hour limit reached ∙ resets 3pm\n{INPUT}$ make test",
    ),
}


@pytest.mark.parametrize(("instance_type", "tail"), CALM.values(), ids=CALM.keys())
def test_a_pane_that_does_not_ask_is_left_alone(instance_type: str, tail: str) -> None:
    """What looks like a question but is answered, told or shown keeps nobody waiting."""
    assert find_question(tail, instance_type) is None


def test_a_dialog_as_wide_as_a_big_terminal_is_understood() -> None:
    """The blanks that fill its frame leave room for the question at its top."""
    box = "\n".join(f"│ {line:<196} │" for line in CLAUDE_TRUST.splitlines())
    tail = pane_tail(f"╭{'─' * 198}╮\n{box}\n╰{'─' * 198}╯\n".encode())
    assert find_question(tail, "claude") == "Do you trust the files in this folder?"


def test_more_patterns_come_from_the_configuration() -> None:
    """An expression counts for its instance type, or for all; the known ones stay."""
    patterns = compile_patterns(
        {"Gemini": [r"Allow execution\?"], "*": [r"(?P<question>next) step>\Z"]}
    )
    assert find_question("x\nAllow execution? ", "gemini", patterns) == "Allow execution?"
    assert find_question("x\nAllow execution? ", "claude", patterns) is None
    assert find_question("x\nnext step>", "claude", patterns) == "next"
    assert find_question("next step> done", "claude", patterns) is None
    assert find_question(CLAUDE_COMMAND, "claude", patterns) == "Do you want to proceed?"


def test_an_own_pattern_is_found_anywhere_in_the_last_lines() -> None:
    """It need not say what comes after it."""
    patterns = compile_patterns({"*": ["ok to go on"]})
    tail = "building\n  Is it OK to go on, Ada?  \n  (yes is taken after 60 s)\n>"
    assert find_question(tail, "shell", patterns) == "OK to go on"


def test_a_bad_expression_is_named() -> None:
    """What is no regular expression is refused, with itself and why in the message."""
    with pytest.raises(ValueError, match=r"prompt pattern '\(x'.*unterminated"):
        compile_patterns({"claude": ["(x"]})


@pytest.mark.parametrize(
    "hostile",
    [
        "?\n" * 1_000,
        " " * 2_000,
        "?" * 2_000,
        "❯ 1. " * 400,
        "1. x\n" * 400 + "!",
        "Do you want to ?\n" * 50 + "❯ 1. x\n" * 100 + "!",
        "press " * 333,
        "password " * 222,
        "[y/" * 666,
        "? (y" * 500,
        "--More--(" * 200,
        "password for '" * 140,
        "lines 1-2/3 " * 160,
        "Press Enter. " * 150,
        "Press Enter to https://" + "x" * 1_900,
        "Press Enter to" + " a or" * 390,
        "[y,n" + ",a" * 900,
        "a.sh:" * 400,
        "(y/n) echo " * 180,
        "do you trust " * 150,
        "do you trust a\n" * 130,
        "a\n" * 500 + "b?\n" * 300 + "❯ 1. x\n!",
        "please run /login\n> a\n" * 90 + "!",
        "limit reached\n  a\n> b\n" * 80,
        "weekly limit reached\n" + "  a\n" * 400 + "⏺",
        "a" * 64 + " login:" * 270,
    ],
)
def test_no_pane_takes_long(hostile: str) -> None:
    """The worst of 2,000 characters are looked through well before the test's time is up."""
    for _ in range(3):
        find_question(hostile, None)


def test_a_question_is_one_short_line() -> None:
    """A long question is cut, and its spaces are made one."""
    question = find_question("Really   overwrite " + "x" * 500 + "? [y/N]", None)
    assert question is not None
    assert question.startswith("Really overwrite x")
    assert len(question) == 120


def test_an_own_pattern_shows_the_first_line_of_what_it_finds() -> None:
    """Only of the questions that are known it is known how they are broken into lines."""
    patterns = compile_patterns({"*": [r"(?P<question>ready\?\n.*)", r"shall\s+we"]})
    assert find_question("it is\nReady?\nSay so", "shell", patterns) == "Ready?"
    assert find_question("now\nshall\nwe", "shell", patterns) == "shall"


# --- the state ---------------------------------------------------------------

T = 1_795_435_200.0


def pane(at: float | None, tail: str = "Overwrite? [y/N]", digest: int = 1) -> FrameRef:
    return FrameRef(
        instance_id="a",
        time_s=None if at is None else T + at,
        path="instances/a/tmux_output.log",
        offset=int(at or 0) * 100,
        body_offset=0,
        end=10,
        digest=digest,
        tail=tail,
    )


def event(event_type: str, at: float, **fields: object) -> AuditEvent:
    return AuditEvent(time_s=T + at, event_type=event_type, instance_id="a", details=dict(fields))


def sent(at: float, message_id: str = "m") -> Message:
    return Message(instance_id="a", time_s=T + at, event_type="message_sent", message_id=message_id)


def ready(at: float) -> LifecycleEvent:
    text = "Instance initialization completed successfully"
    return LifecycleEvent(instance_id="a", time_s=T + at, text=text)


def only(*records: Record, now: float = 50.0) -> InstanceState:
    model = FleetModel()
    model.apply(Batch(records=records))
    (instance,) = model.state(T + now).instances
    return instance


SPAWN = event("instance_spawn", 0)


@pytest.mark.parametrize(
    "records",
    [(SPAWN,), (SPAWN, ready(2)), (SPAWN, ready(2), sent(3))],
    ids=["initializing", "idle", "busy"],
)
def test_an_instance_whose_pane_asks_is_waiting(records: tuple[Record, ...]) -> None:
    """It waits for a person, with the question as the reason, since the pane shows it."""
    instance = only(*records, pane(10))
    assert (instance.state, instance.reason) == (State.WAITING, "Overwrite? [y/N]")
    assert instance.since_s == T + 10


def test_a_question_that_stays_dates_from_its_first_capture() -> None:
    """Captures that show the same pane again do not make the wait any shorter."""
    instance = only(SPAWN, pane(10), pane(20), pane(30))
    assert (instance.state, instance.since_s) == (State.WAITING, T + 10)


def test_waiting_is_never_stuck() -> None:
    """However long the request is open, an instance that asks waits for a person."""
    assert only(SPAWN, sent(3), pane(10), now=10_000).state is State.WAITING


@pytest.mark.parametrize(
    "later",
    [
        pane(20, "working…", digest=2),
        Message(instance_id="a", time_s=T + 20, event_type="message_received", message_id="m"),
        sent(20, "m-2"),
        event("instance_spawn", 20),
        ready(20),
    ],
    ids=["another frame", "a reply", "a new request", "a new start", "that it came up"],
)
def test_what_happened_after_the_question_ends_the_wait(later: Record) -> None:
    """A newer frame without a question, or what it did since then: nobody is waited for."""
    assert only(SPAWN, ready(2), sent(3), pane(10), later).state is not State.WAITING


FAILED = msgspec.structs.replace(event("instance_error", 20), error="no response for 60s")


@pytest.mark.parametrize(
    "later",
    [
        FAILED,
        event("instance_reconnected", 20),
        Message(instance_id="a", time_s=T + 20, event_type="communication", content="copy of it"),
        Message(instance_id="a", time_s=T + 10.01, event_type="message_received", message_id="m-3"),
    ],
    ids=["an error", "a reconnection", "a copy of the pane", "the reply it was captured for"],
)
def test_what_answers_nothing_does_not_end_the_wait(later: Record) -> None:
    """What comes of nobody having answered, and what only repeats the pane, is no answer."""
    instance = only(SPAWN, ready(2), sent(3), pane(10), later)
    assert (instance.state, instance.reason) == (State.WAITING, "Overwrite? [y/N]")


@pytest.mark.parametrize("before", [(SPAWN, FAILED), ()])
def test_who_asks_after_an_error_is_waiting(before: tuple[Record, ...]) -> None:
    """A question that is newer than an error, or all there is, keeps somebody waiting."""
    assert only(*before, pane(30)).state is State.WAITING


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (event("instance_terminate", 5), State.TERMINATED),
        (event("instance_terminate", 5, final_state="error"), State.ERROR),
        (event("instance_suspended", 5), State.SUSPENDED),
    ],
)
def test_the_dead_and_the_suspended_do_not_wait(end: AuditEvent, state: State) -> None:
    """What the last frame of a terminated or suspended instance shows does not matter."""
    assert only(SPAWN, end, pane(10)).state is state


def test_a_model_may_have_its_own_patterns() -> None:
    """`prompts` replaces what questions look like."""
    model = FleetModel(prompts=compile_patterns({"*": ["ready when you are"]}))
    model.apply(Batch(records=(SPAWN, pane(10, "Ready when you are"))))
    (instance,) = model.state(T + 20).instances
    assert (instance.state, instance.reason) == (State.WAITING, "Ready when you are")
    quiet = FleetModel(prompts=())
    quiet.apply(Batch(records=(SPAWN, pane(10))))
    assert quiet.state(T + 20).instances[0].state is State.INITIALIZING
