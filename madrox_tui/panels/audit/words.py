"""What is said around the audit panel's table, and when any of it may read differently. Pure."""

from __future__ import annotations

from madrox_tui import format as fmt
from madrox_tui.key_names import KeysInForce
from madrox_tui.panels.audit.table import said
from madrox_tui.panels.audit.view import ALL_TIME, COUNTED, AuditView
from madrox_tui.view import View


def audit_title(view: View) -> str:
    """Say whose sums these are, and since when."""
    title = f"Audit{view.narrowed_to}"
    since_s = view.counted_from_s
    if since_s is None:
        return title
    return f"{title}  since {fmt.since(since_s, view.state.at_s)}"


def no_groups(audit: AuditView, by: str, keys: KeysInForce) -> str:
    """Say why the table of a grouping is empty."""
    all_time = f"press {keys.name('audit.window')} for all time"
    if not audit.is_known:
        return f"of the last {audit.window} only whole hours are known: {all_time}"
    if audit.window != ALL_TIME:
        return f"nothing in the last {audit.window}: {all_time}"
    if by in COUNTED:
        key = keys.name("audit.by")
        return f"no {said(by)}s yet: press {key} to group by something else"
    return "no requests yet: they are counted as audit/ records each message_exchange"


def differs(before: View, view: View) -> bool:
    """Return whether another view may look different; a budget's projected end always does."""
    if view.audit is not before.audit or view.audit.budget is not None:
        return True
    if view.is_later(before):
        return False
    if view.narrowed or before.narrowed:
        return True
    state, state_before = view.state, before.state
    return (
        view.missing != before.missing
        or view.usage != before.usage
        or state.errors != state_before.errors
        or list(view.names.items()) != list(before.names.items())
    )
