"""Output of the commands that the demo's agents run. Braces are slots, see `story`."""

from __future__ import annotations

LISTINGS = {
    "pytest": """
{D}collected {n} items{X}
tests/test_{mod}.py {G}{dots}{X} {G}[100%]{X}
{G}=================== {B}{n} passed{X}{G} in {secs}s ==================={X}
""",
    "pytest_failed": """
tests/test_{mod}.py {G}.........{X}{R}F{X}{G}......{X}                       {R}[100%]{X}
{B}{R}    def test_{func}_twice(db_pool):{X}
{R}>       assert await count(db_pool, "{table}") == 1{X}
{R}E       AssertionError: assert 2 == 1{X}
{C}tests/test_{mod}.py{X}:{line}: AssertionError
{R}FAILED{X} tests/test_{mod}.py::{B}test_{func}_twice{X}
{R}=============== {B}1 failed{X}{R}, {G}{less} passed{X}{R} in {secs}s ==============={X}
""",
    "hypothesis": """
{D}collected {few} items{X}
tests/property/test_{mod}_rules.py {G}.......{X}               {G}[100%]{X}
{D}  - 500 passing examples, 0 failing, 12 invalid{X}
{D}  - typical runtimes: ~ {ms}ms, of which < 1ms in data generation{X}
{G}=================== {B}{few} passed{X}{G} in {secs}s ==================={X}
""",
    "coverage": """
{B}Name                                 Stmts   Miss  Cover{X}
{D}---------------------------------------------------{X}
src/paylane/{mod}.py                  {line}      {few}    {G}{percent}%{X}
src/paylane/events.py                  88     11    {Y}87%{X}
""",
    "checks": """
{G}All checks passed!{X}
Success: no issues found in {n} source files
""",
    "diffstat": """
 src/paylane/{mod}.py | 34 {G}++++++++++++{X}{R}-----{X}
 tests/test_{mod}.py  | 58 {G}+++++++++++++++++++++{X}
 2 files changed, 78 insertions({G}+{X}), 14 deletions({R}-{X})
""",
    "committed": """
[{mod} {commit}] {title}: {fix}
 3 files changed, {n} insertions(+), {few} deletions(-)
""",
    "log": """
{Y}{commit}{X} {title}: {fix}
{Y}4be01d7{X} Add {func}() and its route
{Y}91c2f0a{X} Migration of {table}
{Y}c07d5e3{X} Contract of {endpoint}
""",
    "none": """
0
""",
    "backfill": """
  500,000 of 2,000,000   lag 0.2 s
1,000,000 of 2,000,000   lag 0.{ms} s
1,500,000 of 2,000,000   lag 0.3 s
{G}2,000,000 of 2,000,000   done, checksums agree{X}
""",
    "reconciled": """
compared 48,210 rows of {table} with the ledger
{G}48,209 equal{X}, {Y}1 differs{X}: {commit}  ledger 12.40  table 12.41
""",
    "generated": """
{C}openapi-typescript{X} 7.4.4
{G}openapi.yaml → web/src/api/schema.ts{X} {D}[{ms}ms]{X}
""",
    "explain": """
 Index Scan using ix_{table}_merchant_created on {table}
   (cost=0.43..8.45 rows=1 width=96) (actual time=0.031..0.032 rows=1)
   Index Cond: (merchant_id = $1)
 Planning Time: 0.214 ms
 {G}Execution Time: 0.058 ms{X}
""",
    "explain_slow": """
 Seq Scan on {table}  (cost=0.00..41852.00 rows=1 width=96)
   Filter: (merchant_id = $1)
   {Y}Rows Removed by Filter: 1999998{X}
 {R}Execution Time: {slow_ms}.118 ms{X}
""",
    "migrated": """
{D}INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.{X}
{D}INFO  [alembic.runtime.migration] Will assume transactional DDL.{X}
INFO  [alembic.runtime.migration] Running upgrade 3f9c1a2 -> {commit}, {table}
""",
    "locks": """
       relation       |           mode           | granted
 ---------------------+--------------------------+---------
  {table} | ShareUpdateExclusiveLock | {G}t{X}
 (1 row)
""",
    "vite": """
{C}vite v6.0.3{X} {G}building for production...{X}
{G}✓{X} 412 modules transformed.
{D}dist/assets/{X}{C}{component}-{commit}.js{X}   {B}38.{n} kB{X} {D}│ gzip: 12.04 kB{X}
{D}dist/assets/{X}{C}index-{commit}.js{X}   {B}184.21 kB{X} {D}│ gzip: 58.{n} kB{X}
{G}✓ built in 4.12s{X}
""",
    "playwright": """
Running 24 tests using 4 workers
  {G}✓{X}  {D}1 {mod}.spec.ts:14 › shows the amount ({X}{Y}1.2s{X}{D}){X}
  {G}✓{X}  {D}2 {mod}.spec.ts:31 › keeps focus in the dialog (860ms){X}
  {G}✓{X}  {D}3 {mod}.spec.ts:52 › survives a reload (940ms){X}
  {G}24 passed{X} {D}(18.4s){X}
""",
    "axe": """
{B}{component}{X}
  {Y}moderate{X}  color-contrast   {few} nodes   4.5:1 expected, 3.9:1 found
  {R}serious{X}   label            1 node    form elements must have labels
""",
    "k6": """
     checks.............: {G}100.00%{X} ✓ 48210  ✗ 0
     http_req_duration..: avg={ms}ms p(95)={C}118ms{X} p(99)={C}203ms{X}
     http_req_failed....: {G}0.00%{X}   ✓ 0      ✗ 48210
     vus................: 200     {D}min=200    max=200{X}
""",
    "semgrep": """
{B}  src/paylane/{mod}.py{X}
   {R}❯❱{X} {B}paylane.authz.object-owner-not-checked{X}
          {line}┆ row = await db.fetchrow(SELECT_ONE, request.id)
{B}Ran 214 rules on 61 files: {R}1 finding{X}.
""",
    "audit_clean": """
Found 0 vulnerabilities in 83 packages {D}(scanned in {secs}s){X}
{G}No known vulnerabilities found{X}
""",
    "curl_403": """
HTTP/2 {G}403{X}
{D}content-type: application/json{X}
{{"error": {{"code": "not_yours", "request_id": "req_{commit}"}}}}
""",
    "curl_200": """
HTTP/2 {R}200{X}
{D}content-type: application/json{X}
{{"id": "{commit}", "merchant_id": "mer_8f21", "status": "succeeded"}}
""",
    "docs": """
{D}INFO    -{X}  Building documentation to directory: site
{D}INFO    -{X}  Documentation built in {secs} seconds
""",
    "vale": """
{G}✔ 0 errors, 0 warnings and {few} suggestions in 38 files.{X}
""",
    "vale_warned": """
 docs/guides/{mod}.md
 {line}:14  {Y}warning{X}  Use 'lets you' instead of 'allows you to'.  Paylane.Plain
 {n}:1   {R}error{X}    Code block has no language.              Paylane.Code
{R}✖ 1 error{X}, {Y}1 warning{X} in 1 file.
""",
    "plan": """
  {G}+{X} aws_sqs_queue.{mod}_dead_letter
  {G}+{X} aws_cloudwatch_metric_alarm.{mod}_lag
  {Y}~{X} aws_ecs_service.api {D}(in-place){X}
{B}Plan:{X} 2 to add, 1 to change, 0 to destroy.
""",
    "rollout": """
Waiting for deployment "api" rollout to finish: 1 of 4 updated replicas...
Waiting for deployment "api" rollout to finish: 3 of 4 updated replicas...
{G}deployment "api" successfully rolled out{X}
""",
    "pods": """
{B}NAME                  READY   STATUS    RESTARTS   AGE{X}
api-{commit}-x2kqp     1/1     {G}Running{X}   0          52s
api-{commit}-m84ts     1/1     {G}Running{X}   0          38s
worker-5c9f7d-lq0zn   1/1     {G}Running{X}   {few}          4h
""",
    "lock_wait": """
Acquiring state lock. This may take a few moments...
""",
    "killed": """
Running 64 tests using 8 workers
  {G}✓{X}  {D}1 {mod}.spec.ts:14 › shows the amount ({X}{Y}1.4s{X}{D}){X}
  {G}✓{X}  {D}2 {mod}.spec.ts:31 › keeps focus in the dialog (910ms){X}
{Y}  Slow test file: {mod}.spec.ts (31.6s){X}
{R}FATAL ERROR: Reached heap limit Allocation failed{X}
{R} - JavaScript heap out of memory{X}
""",
}
