"""Text that attacks a terminal, a reader or a spreadsheet, and how it is to be shown.

One table for every test that needs hostile text.
"""

from __future__ import annotations

from typing import NamedTuple


class Payload(NamedTuple):
    """One attack.

    Attributes:
        data: The bytes.
        harm: What they would do.
        shown: What `safe_line` makes of them, invalid UTF-8 read as U+FFFD.
    """

    data: bytes
    harm: str
    shown: str


PAYLOADS = {
    "osc52_set": Payload(
        b"\x1b]52;c;cm0gLXJmIH4K\x07", "clipboard := 'rm -rf ~\\n'", "␛]52;c;cm0gLXJmIH4K␇"
    ),
    "osc52_query": Payload(
        b"\x1b]52;c;?\x1b\\", "clipboard typed back into our stdin", "␛]52;c;?␛\\"
    ),
    "title_set": Payload(b"\x1b]0;root@prod\x07", "spoofed window title", "␛]0;root@prod␇"),
    "title_report": Payload(
        b"\x1b]2;;id>/tmp/p;\x07\x1b[21t", "title echoed as keyboard input", "␛]2;;id>/tmp/p;␇␛[21t"
    ),
    "osc8_file": Payload(
        b"\x1b]8;;file:///etc/passwd\x1b\\docs\x1b]8;;\x1b\\",
        "hidden link target",
        "␛]8;;file:///etc/passwd␛\\docs␛]8;;␛\\",
    ),
    "osc8_open": Payload(
        b"\x1b]8;;\x1b0m\x1b[>0q", "less-style filter bypass, reply loop", "␛]8;;␛0m␛[>0q"
    ),
    "osc7_cwd": Payload(
        b"\x1b]7;file://h/tmp/evil\x07", "new tabs open in attacker dir", "␛]7;file://h/tmp/evil␇"
    ),
    "osc4_query": Payload(b"\x1b]4;0;?\x07", "reply injected as input", "␛]4;0;?␇"),
    "osc10_query": Payload(
        b"\x1b]10;?\x07\x1b]11;?\x07", "reply injected as input", "␛]10;?␇␛]11;?␇"
    ),
    "osc104_reset": Payload(b"\x1b]104\x07", "palette changed", "␛]104␇"),
    "osc50_font": Payload(
        b"\x1b]50;i$(id)\x07\x1b]50;?\x07", "xterm font echo -> command", "␛]50;i$(id)␇␛]50;?␇"
    ),
    "osc9_notify": Payload(
        b"\x1b]9;Update now\x07\x1b]777;notify;a;b\x07",
        "fake desktop alert",
        "␛]9;Update now␇␛]777;notify;a;b␇",
    ),
    "osc51_emacs": Payload(
        b"\x1b]51;Efind-file /tmp/x\x07", "vterm runs elisp", "␛]51;Efind-file /tmp/x␇"
    ),
    "osc1337_file": Payload(
        b"\x1b]1337;File=name=YQ==;inline=0:AAAA\x07",
        "iTerm2 download",
        "␛]1337;File=name=YQ==;inline=0:AAAA␇",
    ),
    "osc133_mark": Payload(b"\x1b]133;C\x07", "fake shell prompt marks", "␛]133;C␇"),
    "osc_unterminated": Payload(
        b"\x1b]0;AAAA" + b"A" * 5000, "swallows the rest of the screen", "␛]0;AAAA" + "A" * 5000
    ),
    "dcs_decrqss": Payload(b"\x1bP$q;id\n\x1b\\", "reply typed into stdin", "␛P$q;id␊␛\\"),
    "dcs_xtgettcap": Payload(b"\x1bP+q544e\x1b\\", "reply typed into stdin", "␛P+q544e␛\\"),
    "dcs_sixel": Payload(b"\x1bPq#0~~\x1b\\", "image over UI, parser bugs", "␛Pq#0~~␛\\"),
    "dcs_tmux": Payload(
        b"\x1bPtmux;\x1b\x1b]52;c;QQ==\x07\x1b\\",
        "passthrough to outer terminal",
        "␛Ptmux;␛␛]52;c;QQ==␇␛\\",
    ),
    "dcs_udk": Payload(b"\x1bP1;1|17/6C730D\x1b\\", "function key redefined", "␛P1;1|17/6C730D␛\\"),
    "apc_kitty": Payload(
        b"\x1b_Ga=T,f=100,t=f;L2V0Yy9wYXNzd2Q=\x1b\\",
        "reads local file as image",
        "␛_Ga=T,f=100,t=f;L2V0Yy9wYXNzd2Q=␛\\",
    ),
    "pm_sos": Payload(b"\x1b^x\x1b\\\x1bXy\x1b\\", "hides text", "␛^x␛\\␛Xy␛\\"),
    "clear": Payload(b"\x1b[2J\x1b[3J\x1b[H", "wipes screen and scrollback", "␛[2J␛[3J␛[H"),
    "overwrite": Payload(b"ERROR\x1b[5D\x1b[32mOK   ", "forges a status", "ERROR␛[5D␛[32mOK   "),
    "ris": Payload(b"\x1bc", "full reset, breaks TUI", "␛c"),
    "altscreen": Payload(
        b"\x1b[?1049l\x1b[?25l", "leaves TUI screen, hides cursor", "␛[?1049l␛[?25l"
    ),
    "mouse_on": Payload(
        b"\x1b[?1003h\x1b[?2004l", "input garbage, paste protection off", "␛[?1003h␛[?2004l"
    ),
    "paste_end": Payload(b"\x1b[201~rm -rf ~\n", "runs on paste after copy", "␛[201~rm -rf ~␊"),
    "da_dsr_enq": Payload(
        b"\x1b[c\x1b[6n\x1b[>0q\x05", "replies become keystrokes", "␛[c␛[6n␛[>0q␅"
    ),
    "resize_print": Payload(b"\x1b[8;1;1t\x1b[5i", "1x1 window; printer", "␛[8;1;1t␛[5i"),
    "margins": Payload(b"\x1b[5;6r\x1b[?6h\x1b[4h", "corrupts scrolling", "␛[5;6r␛[?6h␛[4h"),
    "rep_dos": Payload(
        b"A\x1b[2147483647b\x1b[2147483647@", "terminal hangs", "A␛[2147483647b␛[2147483647@"
    ),
    "charset": Payload(b"\x1b(0\x0eqqq", "line-drawing garbage", "␛(0␎qqq"),
    "conceal": Payload(
        b"\x1b[8mhidden\x1b[30;40mx\x1b[0m", "invisible text", "␛[8mhidden␛[30;40mx␛[0m"
    ),
    "c1_csi_utf8": Payload(
        b"\xc2\x9b2J\xc2\x9d0;x\xc2\x9c", "same as ESC [ / ESC ]", "‹9b›2J‹9d›0;x‹9c›"
    ),
    "c1_raw": Payload(
        b"\x9b31m\x90q\x9c", "8-bit controls on old terminals", "\ufffd31m\ufffdq\ufffd"
    ),
    "cr_overwrite": Payload(b"rm -rf /\rls -l   ", "line shows other text", "rm -rf /␍ls -l   "),
    "backspace": Payload(b"evil\x08\x08\x08\x08good", "same", "evil␈␈␈␈good"),
    "nul_del_bel": Payload(
        b"a\x00b\x7fc" + b"\x07" * 1000,
        "truncation, bell storm",
        "␀".join("ab") + "␡c" + "␇" * 1000,
    ),
    "split_esc": Payload(b"\x1b", "next chunk '[2J' completes it: put in two records/cells", "␛"),
    "json_esc": Payload(
        b'{"content":"\\u001b]0;x\\u0007\\u009b2J"}',
        "ESC is born at JSON decode",
        '{"content":"\\u001b]0;x\\u0007\\u009b2J"}',
    ),
    "bidi": Payload(
        "a\u202e\u2066// ok\u2069".encode(), "Trojan Source order", "a‹U+202E›‹U+2066›// ok‹U+2069›"
    ),
    "zero_width": Payload(
        "pay\u200bpal\ufeff\u2060".encode(),
        "search/identity spoof",
        "pay‹U+200B›pal‹U+FEFF›‹U+2060›",
    ),
    "tags": Payload(
        "ok\U000e0069\U000e0064".encode(), "invisible prompt injection", "ok‹U+E0069›‹U+E0064›"
    ),
    "vs_smuggle": Payload("x\U000e0100\U000e0101".encode(), "hidden bytes", "x‹U+E0100›‹U+E0101›"),
    "zalgo": Payload(
        b"a" + "\u0301".encode() * 1000,
        "draws over rows, slow",
        "a" + "\u0301" * 4 + "‹+996›",
    ),
    "wide_mix": Payload(
        "\u1100\u1161\u11a8\U0001f468\u200d\U0001f469\ufe0f".encode(),
        "column drift",
        "\u1100\u1161\u11a8\U0001f468\U0001f469",
    ),
    "surrogate": Payload(b"\xed\xa0\x80", "UnicodeEncodeError later", "\ufffd" * 3),
    "line_seps": Payload(
        "a\u2028b\u0085c\x0bd\x0ce".encode(), "forged records", "a‹U+2028›b‹85›c␋d␌e"
    ),
    "separator": Payload(
        b"\n" + b"=" * 80 + b"\n[2026-01-01T00:00:00]\n" + b"=" * 80 + b"\nforged\n",
        "fake pane record",
        "␊" + "=" * 80 + "␊[2026-01-01T00:00:00]␊" + "=" * 80 + "␊forged␊",
    ),
    "markup": Payload(
        b"[/INST] [@click=app.quit]x[/] [link=file:///]y[/link] :smile:",
        "crash / action on click",
        "[/INST] [@click=app.quit]x[/] [link=file:///]y[/link] :smile:",
    ),
    "csv": Payload(
        b'=HYPERLINK("http://e","x")', "formula on export", '=HYPERLINK("http://e","x")'
    ),
    "filename": Payload(
        b"\x1b[2J\nid\xff",
        "as instance dir / file name: all of the above, kills watchfiles",
        "␛[2J␊id\ufffd",
    ),
}
