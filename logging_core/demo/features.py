"""The features that the demo's team builds, in order."""

from __future__ import annotations

from typing import NamedTuple


class Feature(NamedTuple):
    """A part of the payments service, with the words to fill into templates.

    Attributes:
        title: Its name in a sentence.
        mod: Its Python module, and the name of its diff.
        func: Its main function.
        table: Its database table.
        endpoint: Its HTTP route.
        component: Its part of the dashboard.
        edge: A case that breaks the first attempt.
        fix: What fixes it.
        risk: What a security review finds.
        decision: What was agreed.
    """

    title: str
    mod: str
    func: str
    table: str
    endpoint: str
    component: str
    edge: str
    fix: str
    risk: str
    decision: str


FEATURES = (
    Feature(
        title="idempotency keys",
        mod="idempotency",
        func="claim_key",
        table="idempotency_keys",
        endpoint="POST /v1/charges",
        component="RetryBanner",
        edge="two retries with the same key that arrive in the same millisecond",
        fix="insert with ON CONFLICT DO NOTHING and read the winner's row back",
        risk="a key is not bound to its merchant, so one merchant can replay another's response",
        decision="keys live for 24 hours and are scoped to (merchant_id, key)",
    ),
    Feature(
        title="the double-entry ledger",
        mod="ledger",
        func="post_entries",
        table="ledger_entries",
        endpoint="POST /v1/transfers",
        component="LedgerTable",
        edge="a transfer whose legs round to different cents",
        fix="keep amounts in minor units and reject an unbalanced posting before the insert",
        risk="the balance is checked outside the transaction, so two writers can overdraw",
        decision="entries are append-only and a correction is a reversing entry",
    ),
    Feature(
        title="refunds",
        mod="refunds",
        func="refund_charge",
        table="refunds",
        endpoint="POST /v1/refunds",
        component="RefundDialog",
        edge="a second partial refund that exceeds what is left of the charge",
        fix="lock the charge row and compare with the sum already refunded",
        risk="the endpoint accepts another merchant's charge when its id is guessed",
        decision="partial refunds are allowed until their sum reaches the captured amount",
    ),
    Feature(
        title="webhook delivery",
        mod="webhooks",
        func="deliver",
        table="webhook_attempts",
        endpoint="POST /v1/webhook_endpoints",
        component="WebhookLog",
        edge="an endpoint that answers 200 after our own 10 s timeout",
        fix="record the attempt before the request and deliver at least once, with an event id",
        risk="the target URL may resolve to a private address (SSRF)",
        decision="eight attempts with backoff and jitter, then the endpoint is disabled",
    ),
    Feature(
        title="payouts",
        mod="payouts",
        func="schedule_payout",
        table="payouts",
        endpoint="POST /v1/payouts",
        component="PayoutCalendar",
        edge="a payout that falls on a bank holiday in only one of the two countries",
        fix="compute the value date from both calendars and store it with the payout",
        risk="the IBAN is written to the debug log in clear",
        decision="payouts are batched by currency at 16:00 UTC",
    ),
    Feature(
        title="FX quotes",
        mod="fx",
        func="lock_quote",
        table="fx_quotes",
        endpoint="POST /v1/fx/quotes",
        component="FxPreview",
        edge="a quote that expires between preview and confirmation",
        fix="check expires_at in the UPDATE itself and answer 409 quote_expired",
        risk="our spread can be computed from two fields of the public response",
        decision="a quote is valid for 30 seconds and locked to one amount",
    ),
    Feature(
        title="disputes",
        mod="disputes",
        func="open_dispute",
        table="disputes",
        endpoint="POST /v1/disputes",
        component="EvidenceUpload",
        edge="evidence uploaded a second before a deadline in another time zone",
        fix="compare deadlines in UTC and trust the card network's timestamp",
        risk="evidence files are served from the API's own origin",
        decision="the disputed amount is held in a reserve account until the case closes",
    ),
    Feature(
        title="daily settlement",
        mod="settlement",
        func="settle_day",
        table="settlement_batches",
        endpoint="GET /v1/settlements",
        component="SettlementReport",
        edge="a charge captured at 23:59:59 that clears after midnight",
        fix="settle by the capture's business date, never by insert time",
        risk="the CSV export does not escape a leading = or + (formula injection)",
        decision="a day is settled once and a re-run gives the same file byte for byte",
    ),
    Feature(
        title="rate limits",
        mod="limits",
        func="take_token",
        table="rate_buckets",
        endpoint="GET /v1/limits",
        component="UsageMeter",
        edge="a burst right at the edge of the window",
        fix="use a token bucket in one Lua script instead of two Redis round trips",
        risk="the limiter keys on X-Forwarded-For, which the client controls",
        decision="100 requests per second and key, then 429 with Retry-After",
    ),
    Feature(
        title="3-D Secure",
        mod="challenges",
        func="start_challenge",
        table="challenges",
        endpoint="POST /v1/challenges",
        component="ChallengeFrame",
        edge="a customer who returns from the bank after the session expired",
        fix="keep the challenge on the server and resume it by its id",
        risk="the return URL is not checked against the merchant's allowlist",
        decision="frictionless first, and a challenge only when the issuer asks for one",
    ),
)
