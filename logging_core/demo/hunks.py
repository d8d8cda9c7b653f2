"""Diffs that the demo's agents make. Each line of a hunk begins with a space, `-` or `+`.

Braces are slots, see `story`; literal braces are doubled.
"""

from __future__ import annotations

from typing import NamedTuple


class Hunk(NamedTuple):
    """A change to one file; `first_line` is the line number of its first line."""

    path: str
    first_line: int
    text: str


HUNKS = {
    "idempotency": Hunk(
        "src/paylane/idempotency.py",
        41,
        """
 async def claim_key(db: Db, merchant: UUID, key: str) -> Claim:
-    row = await db.fetchrow(SELECT_KEY, key)
-    if row is None:
-        await db.execute(INSERT_KEY, key)
-        return Claim(fresh=True)
+    fresh = await db.fetchval(
+        "INSERT INTO idempotency_keys (merchant_id, key) VALUES ($1, $2) "
+        "ON CONFLICT DO NOTHING RETURNING true", merchant, key,
+    )
+    row = await db.fetchrow(SELECT_KEY, merchant, key)
+    if fresh:
+        return Claim(fresh=True)
     return Claim(fresh=False, response=row["response"])
""",
    ),
    "ledger": Hunk(
        "src/paylane/ledger.py",
        88,
        """
 def post_entries(tx: Tx, entries: Sequence[Entry]) -> Posting:
     \"\"\"Write one balanced posting.\"\"\"
-    total = sum(round(entry.amount, 2) for entry in entries)
-    if total != 0.0:
-        log.warning("unbalanced posting: %s", total)
+    total = sum(entry.amount_minor for entry in entries)
+    if total != 0:
+        raise UnbalancedPosting(total, entries)
     posting = Posting.create(tx, entries)
+    tx.after_commit(events.publish, LedgerPosted(posting.id))
     return posting
""",
    ),
    "refunds": Hunk(
        "src/paylane/refunds.py",
        57,
        """
 async def refund_charge(db: Db, charge_id: UUID, amount: int) -> Refund:
-    charge = await charges.get(db, charge_id)
-    if amount > charge.amount:
+    charge = await charges.get_for_update(db, charge_id)
+    refunded = await sum_refunded(db, charge_id)
+    left = charge.captured_minor - refunded
+    if amount > left:
-        raise RefundTooLarge(charge_id)
+        raise RefundTooLarge(charge_id, left=left)
     return await insert_refund(db, charge, amount)
""",
    ),
    "webhooks": Hunk(
        "src/paylane/webhooks.py",
        112,
        """
 async def deliver(event: Event, endpoint: Endpoint) -> Attempt:
-    response = await client.post(endpoint.url, json=event.body)
-    return await attempts.record(event, response.status_code)
+    attempt = await attempts.begin(event, endpoint)
+    headers = {{"Paylane-Event": str(event.id)}} | signature(event)
+    async with timeout(10):
+        response = await client.post(endpoint.url, event.body, headers)
+    await attempts.finish(attempt, response.status_code)
+    if response.is_error:
+        await queue.retry(attempt, after=backoff(attempt.number))
+    return attempt
""",
    ),
    "payouts": Hunk(
        "src/paylane/payouts.py",
        73,
        """
 def schedule_payout(request: PayoutRequest, calendars: Calendars) -> Payout:
-    value_date = next_business_day(request.requested_on)
+    value_date = calendars.next_common_day(
+        request.requested_on, request.source_country, request.bank_country
+    )
     return Payout(
         merchant_id=request.merchant_id,
         amount_minor=request.amount_minor,
-        iban=request.iban,
+        bank_account=vault.tokenize(request.iban),
+        value_date=value_date,
     )
""",
    ),
    "fx": Hunk(
        "src/paylane/fx.py",
        64,
        """
 LOCK_QUOTE = \"\"\"
     UPDATE fx_quotes SET locked_at = now()
-    WHERE id = $1
+    WHERE id = $1 AND locked_at IS NULL AND expires_at > now()
     RETURNING rate, amount_minor
 \"\"\"

 async def lock_quote(db: Db, quote_id: UUID) -> Locked:
     row = await db.fetchrow(LOCK_QUOTE, quote_id)
-    return Locked(**row)
+    if row is None:
+        raise Conflict("quote_expired")
+    return Locked(**row)
""",
    ),
    "disputes": Hunk(
        "src/paylane/disputes.py",
        96,
        """
 def accepts_evidence(dispute: Dispute, received: datetime) -> bool:
-    return received.date() <= dispute.due_by
+    deadline = datetime.combine(dispute.due_by, time.max, tzinfo=dispute.zone)
+    return received.astimezone(UTC) <= deadline.astimezone(UTC)

 async def open_dispute(db: Db, notice: Notice) -> Dispute:
     async with db.transaction():
+        await ledger.move(db, notice.charge, to=Account.RESERVE)
         return await insert_dispute(db, notice)
""",
    ),
    "settlement": Hunk(
        "src/paylane/settlement.py",
        131,
        """
 async def settle_day(db: Db, day: date) -> Batch:
-    rows = await db.fetch(CHARGES_OF_DAY, day)
+    async with advisory_lock(db, "settlement", day):
+        if done := await batches.find(db, day):
+            return done
+        rows = await db.fetch(CHARGES_BY_BUSINESS_DATE, day)
-    lines = [to_csv(row) for row in rows]
+        lines = [to_csv(row) for row in sorted(rows, key=itemgetter("id"))]
-    return await batches.insert(db, day, lines)
+        return await batches.insert(db, day, lines)
""",
    ),
    "limits": Hunk(
        "src/paylane/limits.py",
        29,
        """
 async def take_token(redis: Redis, api_key: str, now: float) -> Verdict:
-    used = await redis.incr(window(api_key, now))
-    if used == 1:
-        await redis.expire(window(api_key, now), 1)
-    return Verdict(allowed=used <= LIMIT)
+    left, wait_ms = await redis.evalsha(
+        TOKEN_BUCKET, 1, bucket(api_key), LIMIT, BURST, now
+    )
+    return Verdict(allowed=left >= 0, retry_after=wait_ms / 1000)
""",
    ),
    "challenges": Hunk(
        "src/paylane/challenges.py",
        48,
        """
 async def start_challenge(db: Db, payment: Payment, back: URL):
+    if back.host not in payment.merchant.return_hosts:
+        raise BadRequest("return_url_not_allowed")
     challenge = await insert_challenge(db, payment.id, back)
-    session["challenge"] = challenge.id
     return challenge

-async def resume(session: Session) -> Payment:
-    return await payments.get(session["challenge"])
+async def resume(db: Db, challenge_id: UUID) -> Payment:
+    return await payments.by_challenge(db, challenge_id)
""",
    ),
    "tests": Hunk(
        "tests/test_{mod}.py",
        64,
        """
+@pytest.mark.parametrize("workers", [2, 8, 32])
+async def test_{func}_under_contention(db_pool, workers):
+    \"\"\"Whatever the interleaving, exactly one caller wins.\"\"\"
+    runs = [run({func}, db_pool) for _ in range(workers)]
+    results = await gather(*runs)
+    assert sum(result.ok for result in results) == 1
+    assert await count(db_pool, "{table}") == 1
+
 async def test_{func}_unknown_id(db_pool):
     with pytest.raises(NotFound):
""",
    ),
    "migration": Hunk(
        "migrations/versions/{commit}_{table}.py",
        18,
        """
 def upgrade() -> None:
-    op.create_index("ix_{table}_merchant", "{table}", ["merchant_id"])
+    with op.get_context().autocommit_block():
+        op.create_index(
+            "ix_{table}_merchant_created", "{table}",
+            ["merchant_id", sa.text("created_at DESC")],
+            postgresql_concurrently=True, if_not_exists=True,
+        )
+    op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT {table}_amount_positive")
""",
    ),
    "component": Hunk(
        "web/src/components/{component}.tsx",
        37,
        """
 export function {component}({{ chargeId }}: Props) {{
-  const {{ data }} = useQuery(['{mod}', chargeId], fetchOne);
+  const {{ data, error, isPending }} = useQuery({{
+    queryKey: ['{mod}', chargeId],
+    queryFn: () => api.{mod}.get(chargeId),
+    retry: (count, problem) => count < 3 && problem.status >= 500,
+  }});
+  if (isPending) return <Skeleton rows={{3}} />;
+  if (error) return <Problem error={{error}} onRetry={{refetch}} />;
-  return <Money value={{data.amount}} />;
+  return <Money of={{data.amount_minor}} in={{data.currency}} />;
 }}
""",
    ),
    "page": Hunk(
        "docs/guides/{mod}.md",
        12,
        """
 ## Before you begin

-You need an API key.
+You need a secret key with the `{mod}:write` scope. Test keys start with
+`sk_test_` and never move money.
+
+> **Note** {decision}.

 ## Your first call
""",
    ),
    "deploy": Hunk(
        "deploy/api/values.yaml",
        22,
        """
   resources:
-    limits: {{ memory: 512Mi }}
+    requests: {{ cpu: 250m, memory: 384Mi }}
+    limits: {{ memory: 768Mi }}
   readinessProbe:
     httpGet: {{ path: /healthz/ready, port: 8080 }}
-    periodSeconds: 30
+    periodSeconds: 5
+    failureThreshold: 3
   env:
+    PAYLANE_FEATURES: "{mod}"
""",
    ),
}
