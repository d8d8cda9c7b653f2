"""The tasks of the instances that build; see `story` for the layout."""

from __future__ import annotations

from logging_core.demo.story import Task

ARCHITECT = (
    Task(
        "Planning Weighing Sketching",
        """Plan the next slice: {title}. Split it so that backend, frontend and tests can
work in parallel, and name the decision that everybody has to know.""",
        """
say I'll read the current module and its callers before I cut the work into pieces.
read src/paylane/{mod}.py
search {func}(
todo Read {mod}.py and its callers; * Fix the contract of {endpoint}; Hand out the work; Review
tell forge Implement {func}() in src/paylane/{mod}.py; {decision}.
tell pixel Build {component} against the mock of {endpoint}; error states included.
tell warden Threat-model {endpoint} before the branch is merged.
todo Read {mod}.py and its callers; Fix the contract of {endpoint}; Hand out the work; * Review
""",
        """Plan for {title} is handed out. The decision to know: {decision}.

- forge implements {func}() with anvil on the {table} migration
- pixel builds {component} against the mocked {endpoint}
- probe starts with the case that will hurt: {edge}
- warden reviews before merge""",
    ),
    Task(
        "Reviewing Reading Pondering",
        """forge says PR #{pr} ({title}) is ready. Review the diff, not the description.""",
        """
bash git diff --stat main...{mod} => diffstat
read src/paylane/{mod}.py
say The happy path is fine. What I doubt is {edge}.
search async with db.transaction
tell forge One blocking comment on #{pr}: handle {edge}.
""",
        """Reviewed #{pr}: one blocking comment, two nits.

- Blocking: {edge}. I would {fix}.
- Nit: {func}() logs at info level on every call; that is {n} lines per second at peak.
- Nit: name the constant, 10 appears twice.""",
    ),
    Task(
        "Deciding Weighing Reconsidering",
        """anvil and forge disagree about {table}: anvil wants a partial index, forge wants
to keep writes cheap. Decide.""",
        """
bash psql -c "EXPLAIN ANALYZE SELECT ... FROM {table} WHERE merchant_id = $1" => explain_slow
say Reads outnumber writes forty to one here, and the dashboard polls. The index wins.
tell anvil Go ahead with the index, concurrently, and post the plan afterwards.
""",
        """Index it. Reads on {table} outnumber writes forty to one and the sequential scan
costs {slow_ms} ms per dashboard refresh; the insert becomes about 0.1 ms slower, which
nobody can see. Build it concurrently so that writes never wait.""",
    ),
    Task(
        "Summarising Collecting Writing",
        """Where are we with {title}? Five lines for the stand-up.""",
        """
bash git log --oneline -4 {mod} => log
tell probe What is still red in tests/test_{mod}.py?
tell harbor Is staging on {commit}?
todo Contract of {endpoint}; {func}() merged; * Tests green; Staging; Docs
""",
        """Five lines for the stand-up:

- {func}() is merged ({commit}), migration of {table} applied on staging
- {n} tests green, one flaky one quarantined with an owner
- open: {edge}
- security: "{risk}" is fixed and has a test
- docs go out with the release""",
    ),
    Task(
        "Scheduling Ordering Thinking",
        """The release window closes at 17:00. What of {title} goes in, what waits?""",
        """
read CHANGELOG.md
bash git diff --stat main...{mod} => diffstat
say Everything behind the flag can go in. The dashboard part waits for the accessibility fix.
""",
        """In: {func}(), the migration and {endpoint} behind the flag `{mod}`. Waits:
{component}, until the labels are fixed. Rolling back is turning the flag off; no data has
to be undone, because {decision}.""",
    ),
)

BACKEND = (
    Task(
        "Implementing Refactoring Wiring",
        """Implement {func}() in src/paylane/{mod}.py and put it behind {endpoint}. What was
decided: {decision}.""",
        """
say I'll look at how the neighbouring modules open their transactions, then write {func}().
read src/paylane/{mod}.py
search async with db.transaction
todo Read the neighbours; * Write {func}(); Route {endpoint}; Run the tests
edit
bash pytest tests/test_{mod}.py -q => pytest
bash ruff check src && mypy src => checks
todo Read the neighbours; Write {func}(); Route {endpoint}; Run the tests
""",
        """{func}() is in and {endpoint} uses it. {n} tests pass, ruff and mypy are clean.

- What I did: {fix}.
- Not done yet: metrics, they come with the next commit.

The branch is `{mod}`, commit {commit}.""",
    ),
    Task(
        "Debugging Tracing Fixing",
        """probe found a failure in {title}: {edge}. Reproduce it first, then fix it.""",
        """
bash pytest tests/test_{mod}.py -q -k twice => pytest_failed
say Reproduced. Both callers read before either writes, so both believe they are first.
read src/paylane/{mod}.py
edit
bash pytest tests/test_{mod}.py -q => pytest
""",
        """Reproduced and fixed. Cause: {edge}; both callers read before either of them
wrote. The fix: {fix}. {n} passed in {secs}s, and the failing test stays in the suite.""",
    ),
    Task(
        "Refactoring Extracting Renaming",
        """Review comment on #{pr}: {func}() does three things. Split it without changing
behaviour.""",
        """
read src/paylane/{mod}.py
say Validation, the write, and the event: three functions, and the middle one owns the transaction.
edit
bash pytest tests -q => pytest
bash git diff --stat => diffstat
""",
        """Split into `validate`, `write` and `announce`; {func}() is now eleven lines that
read like the sentence in the docs. No test had to change, which is the point. Pushed as
{commit}.""",
    ),
    Task(
        "Profiling Measuring Tuning",
        """{endpoint} has a p95 of {slow_ms} ms on staging. Budget is 120 ms. Find the time.""",
        """
bash k6 run --vus 200 load/{mod}.js => k6
say The time is in one query: it filters on merchant_id and sorts by created_at without an index.
bash psql -c "EXPLAIN ANALYZE SELECT ... FROM {table}" => explain_slow
tell anvil {table} needs (merchant_id, created_at DESC); can you build it concurrently?
bash psql -c "EXPLAIN ANALYZE SELECT ... FROM {table}" => explain
""",
        """{slow_ms} ms of it was one sequential scan on {table}. With anvil's index the
endpoint answers with p95 118 ms at 200 virtual users. No code changed; I added the query
plan to the PR so that nobody drops the index later.""",
    ),
    Task(
        "Hardening Guarding Patching",
        """warden reports for {endpoint}: {risk}. Treat it as blocking.""",
        """
search merchant_id
say The check belongs into {func}() itself, so that no caller can forget it.
edit
bash curl -s -i -H "Authorization: Bearer sk_test_other" localhost:8080/v1/{mod}/ch_1 => curl_403
bash pytest tests/test_{mod}.py -q => pytest
""",
        """Fixed. Before: {risk}. Now {func}() checks it in the one place that every caller
goes through, and the answer gives nothing away. Regression test added, {n} passed.""",
    ),
    Task(
        "Instrumenting Counting Adding",
        """Add metrics to {func}(): calls, failures by reason, and latency. Names as in the
guideline.""",
        """
read docs/internal/metrics.md
edit
bash pytest tests/test_metrics.py -q => pytest
bash git commit -am "Measure {func}()" => committed
""",
        """Three metrics, named as the guideline wants: `paylane_{mod}_calls_total`,
`paylane_{mod}_failures_total{{reason}}` and `paylane_{mod}_seconds`. Reasons are a closed
list of {few}, so the cardinality stays bounded.""",
    ),
)

DATABASE = (
    Task(
        "Migrating Checking Writing",
        """Write the migration for {table}. It runs on a live table with two million rows:
no exclusive lock for longer than a second.""",
        """
read migrations/env.py
edit migration
bash alembic upgrade head => migrated
bash psql -f ops/locks.sql => locks
""",
        """Migration {commit} is ready. The index is built concurrently and the constraint
is added NOT VALID, then validated: the longest lock was {ms} ms. Downgrade tested as well.""",
    ),
    Task(
        "Explaining Indexing Measuring",
        """Why is the list query on {table} slow? Show the plan before and after.""",
        """
bash psql -c "EXPLAIN ANALYZE SELECT ... WHERE merchant_id = $1" => explain_slow
edit migration
bash alembic upgrade head => migrated
bash psql -c "EXPLAIN ANALYZE SELECT ... WHERE merchant_id = $1" => explain
""",
        """Before: sequential scan, {slow_ms} ms. After (merchant_id, created_at DESC):
index scan, 0.06 ms. The index costs 61 MB and 0.1 ms per insert.""",
    ),
    Task(
        "Backfilling Batching Watching",
        """Backfill the new column of {table} from the events, in batches, and stop when
replication lag exceeds two seconds.""",
        """
search backfill
bash python ops/backfill.py --table {table} --batch 5000 => backfill
bash psql -f ops/locks.sql => locks
""",
        """Backfilled 2.0 M rows of {table} in batches of 5,000. Replication lag peaked at
0.{ms} s, the job never had to pause, and a checksum over both columns agrees.""",
    ),
    Task(
        "Verifying Comparing Counting",
        """Check that {table} and the ledger agree for yesterday, to the cent.""",
        """
bash python ops/reconcile.py --table {table} --day yesterday => reconciled
say One row differs: the case of {edge}.
read src/paylane/{mod}.py
""",
        """They agree but for one row: {edge}. That is the bug forge fixed in {commit}; the
row predates the fix. I wrote a reversing entry and noted it in the reconciliation report.""",
    ),
)

FRONTEND = (
    Task(
        "Building Composing Styling",
        """Build {component} for the dashboard. It talks to {endpoint}; mock it until the
backend is merged. Loading, empty and error states included.""",
        """
read web/src/components/Money.tsx
edit component
bash npm run build => vite
bash npx playwright test {mod} => playwright
""",
        """{component} is done, with all three states in the story book. 24 browser tests
pass; the bundle grew by 1.9 kB. Retry is offered only where a retry can help (5xx and
network).""",
    ),
    Task(
        "Polishing Labelling Checking",
        """The accessibility run complains about {component}. Fix what is serious, tell me
about the rest.""",
        """
bash npx axe http://localhost:5173/{mod} => axe
edit component
bash npx playwright test {mod} => playwright
""",
        """Fixed: the amount field has a label and the dialog traps focus. Left: {few} nodes
with a contrast of 3.9:1 come from the theme's muted grey; that is a change for all pages,
so I opened #{pr} for it.""",
    ),
    Task(
        "Typing Generating Replacing",
        """The API client's types for {endpoint} are written by hand and wrong. Generate
them.""",
        """
search as any
bash npx openapi-typescript openapi.yaml -o web/src/api/schema.ts => generated
edit component
bash npm run build => vite
""",
        """Types come from openapi.yaml now. That uncovered {few} places that read `amount`
although the field is `amount_minor`: the dashboard showed {n} euros as {n} cents for
{title}. Fixed.""",
    ),
    Task(
        "Testing Clicking Recording",
        """Write the browser test for this case: {edge}. What should a person see?""",
        """
say A person should see what happened to the money first, and what to do second.
edit component
bash npx playwright test {mod} => playwright
""",
        """Test added for {edge}. The person sees "Nothing was charged twice" with the
reference number, and a button that re-reads the state instead of sending the request again.""",
    ),
)
