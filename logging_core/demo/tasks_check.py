"""The tasks of the instances that check, explain and operate; see `story` for the layout."""

from __future__ import annotations

from logging_core.demo.story import Task

TESTING = (
    Task(
        "Testing Breaking Probing",
        """Write the tests for {func}() from its contract, not from its code. Start with
this one: {edge}.""",
        """
read docs/contracts/{mod}.md
edit tests
bash pytest tests/test_{mod}.py -q => pytest_failed
say It fails for the reason I expected, so the test is worth having. Telling forge.
tell forge test_{func}_twice is red: {edge}.
""",
        """{n} tests, one red and rightly so: {edge} leaves two rows in {table}. Minimal
reproduction is in test_{func}_twice; forge has it.""",
    ),
    Task(
        "Verifying Rerunning Confirming",
        """forge pushed {commit} for {title}. Verify the fix, and that it is the fix: revert
it locally and see the test fail.""",
        """
bash pytest tests/test_{mod}.py -q => pytest
bash git stash -- src && pytest tests/test_{mod}.py -q => pytest_failed
bash git stash pop && pytest tests -q => pytest
""",
        """Confirmed. With {commit}: {n} passed. Without it: 1 failed, the one we want. The
full suite is green in {secs}s.""",
    ),
    Task(
        "Generating Shrinking Exploring",
        """Add property tests for {mod}: state the invariants, let the machine find the
cases.""",
        """
say Invariants: nothing is lost, nothing is doubled, and the sum of all entries stays zero.
edit tests
bash pytest tests/property -q --hypothesis-show-statistics => hypothesis
""",
        """{few} properties with 500 examples each. They shrank one failure to two lines:
{edge}. Fixed in the same branch ({fix}); the example is pinned.""",
    ),
    Task(
        "Hunting Repeating Isolating",
        """test_{func}_retries fails one time in fifty. Find out why; a rerun plugin is no
answer.""",
        """
bash pytest tests/test_{mod}.py -q -k retries --count 200 => pytest_failed
search sleep(
say It waits for 50 ms instead of for the event. Under load 50 ms is not enough.
edit tests
bash pytest tests/test_{mod}.py -q -k retries --count 500 => pytest
""",
        """It slept for 50 ms and hoped. It now waits for the event with a deadline of 5 s
and runs in {ms} ms as a rule. 500 runs, no failure.""",
    ),
    Task(
        "Covering Measuring Reading",
        """What of {mod} is not covered, and does it matter?""",
        """
bash pytest --cov=paylane.{mod} -q => coverage
read src/paylane/{mod}.py
""",
        """{percent} % of {mod}.py. What is missing: two log lines (does not matter) and the
branch for {edge} (does). I added a test for the second and left the first alone.""",
    ),
)

SECURITY = (
    Task(
        "Auditing Modelling Suspecting",
        """Threat-model {endpoint}: who may call it, what may they learn, what may they
change?""",
        """
read src/paylane/{mod}.py
search request.id
bash semgrep --config p/paylane src/paylane/{mod}.py => semgrep
bash curl -s -i -H "Authorization: Bearer sk_test_other" localhost:8080/v1/{mod}/1 => curl_200
say That is a finding: this call should not have succeeded.
tell forge Blocking for {endpoint}: {risk}.
""",
        """One finding, high: {risk}. Reproduced with two test keys; request and response
are in the ticket. Proposed fix: check it in {func}() itself, where no caller can forget it.""",
    ),
    Task(
        "Verifying Retesting Attacking",
        """forge says the finding on {title} is fixed in {commit}. Try to get around the
fix.""",
        """
bash curl -s -i -H "Authorization: Bearer sk_test_other" localhost:8080/v1/{mod}/1 => curl_403
search merchant_id =
bash pytest tests/security -q => pytest
""",
        """The fix holds. I tried another merchant's key, a revoked key, a numeric id, and
the bulk route: 403 or 404 each time and no timing difference above {ms} ms. Closing the
finding.""",
    ),
    Task(
        "Scanning Sifting Comparing",
        """Check the new dependencies of {mod} before they land in the lock file.""",
        """
bash pip-audit -r requirements.lock => audit_clean
search pickle.loads
read requirements.lock
""",
        """83 packages, no known vulnerability. One remark: the new client pulls in an XML
parser for a format that we never read; its extra can be left out, which drops {few}
packages.""",
    ),
    Task(
        "Grepping Tracing Redacting",
        """Does {title} log anything that it should not? Look at a real log, not only at the
code.""",
        """
search log.
bash grep -c -E "[A-Z]{{2}}[0-9]{{2}}[A-Z0-9]{{11,30}}" staging.log => none
edit
""",
        """Read {n},000 lines of staging logs. Card numbers are masked everywhere. One line
of {mod}.py printed a whole request object at debug level; it prints the id now. Rotated
nothing, as staging holds only test data.""",
    ),
)

WRITING = (
    Task(
        "Writing Explaining Shortening",
        """Write the guide for {title}: from nothing to the first successful call in five
minutes.""",
        """
read openapi.yaml
edit page
bash mkdocs build --strict => docs
""",
        """The guide for {title} is in docs/guides/{mod}.md: four steps, each with a request
that can be pasted and the reply it gives. I ran all of them against staging. What people
must know comes first: {decision}.""",
    ),
    Task(
        "Rewording Linting Trimming",
        """The docs linter fails on {mod}.md. Fix it, and cut the page by a third while you
are there.""",
        """
bash vale docs/guides/{mod}.md => vale_warned
edit page
bash vale docs/guides/{mod}.md => vale
""",
        """Linter is clean and the page went from {line} to {n} lines. What went: the second
explanation of keys, which is on its own page already.""",
    ),
    Task(
        "Documenting Listing Checking",
        """Document the error codes of {endpoint}. For each: what happened, and what the
caller should do.""",
        """
search raise
read src/paylane/{mod}.py
edit page
bash mkdocs build --strict => docs
""",
        """{few} codes documented, each with what to do. While listing them I found one that
nobody can trigger and one that two causes share: {edge}. Told forge about both.""",
    ),
)

OPERATIONS = (
    Task(
        "Deploying Rolling Watching",
        """Roll {commit} out to staging with the flag `{mod}` on. Watch it for five minutes.""",
        """
edit deploy
bash helm upgrade api deploy/api -f deploy/api/values.yaml => rollout
bash kubectl get pods => pods
""",
        """{commit} is on staging, four of four replicas ready, flag `{mod}` on. Error rate
is unchanged, p95 is {ms} ms. Rollback is one command and I have tried it.""",
    ),
    Task(
        "Provisioning Planning Comparing",
        """{title} needs a dead-letter queue and an alarm. Plan it; apply only after atlas
agrees.""",
        """
read deploy/terraform/queues.tf
bash terraform plan -out {mod}.plan => plan
tell atlas Plan for {mod}: two to add, one to change, nothing destroyed. Agreed?
""",
        """Plan is ready: one queue, one alarm (messages older than five minutes), and a
rolling change of the service. Nothing is destroyed. Costs about $2 a month.""",
    ),
    Task(
        "Loading Ramping Measuring",
        """Load-test {endpoint} on staging: 200 users for three minutes. Is the budget of
120 ms kept?""",
        """
bash k6 run --vus 200 --duration 3m load/{mod}.js => k6
bash kubectl get pods => pods
""",
        """Kept: p95 118 ms, p99 203 ms, no failed request out of 48,210. Memory stays at
412 MiB of 768. The worker restarted {few} times last night though; I am looking into that
next.""",
    ),
)

STATE_LOCK = Task(
    "Applying Waiting Provisioning",
    """atlas agrees to the plan for {title}. Apply it to staging and report the outputs.""",
    """
say Applying the saved plan, so that what runs is what was reviewed.
bash terraform show -no-color {mod}.plan => plan
bash terraform apply {mod}.plan => lock_wait
""",
    "",
)
"""A task that never ends: the lock is held by a process that is gone."""

OUT_OF_MEMORY = Task(
    "Testing Clicking Recording",
    """Run the whole browser suite once before the release, all 64 tests, with traces on.""",
    """
say Running everything with traces. That takes about two minutes.
bash npx playwright test --workers=8 --trace=on => killed
""",
    "",
)
"""A task that ends with the agent's process killed."""

HANDOVER = Task(
    "Finishing Checking Linking",
    """Last one: check that every page links to the next, then hand over what is left.""",
    """
bash mkdocs build --strict => docs
todo Guides; Error codes; * Links; Handover
bash vale docs => vale
todo Guides; Error codes; Links; Handover
""",
    """All 38 pages build without a warning and every guide links to the next. Nothing is
left open; the style notes are in docs/internal/voice.md for whoever comes next.""",
)
"""The technical writer's last task before it is dismissed."""

GUIDANCE = (
    "Keep {func}() small; what belongs to {mod} stays in {mod}.",
    "Decision for {title}: {decision}. Please do not reopen it in the review.",
    "Priority changed: first {edge}, then the rest.",
    "Use the branch `{mod}`, I merge it at the end of the slice.",
)
"""What a parent tells a child, expecting no reply."""

REPORTS = (
    "Progress: {n} of {more} checks of {title} are green.",
    "Blocked for a moment: {table} is locked by the migration. Going on with the tests.",
    "Found on the way: {risk}. Written up.",
    "{title} is on schedule; {commit} is pushed.",
)
"""What a child reports to its parent unprompted."""
