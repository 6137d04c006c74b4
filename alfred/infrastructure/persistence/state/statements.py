"""Every statement on the state file's log and profiles."""

from __future__ import annotations

from alfred.domain.connectivity.samples import PARSE_ERROR, RATE_LIMITED, SUCCESS, UNKNOWN

COLUMNS = "provider, request_type, started, finished, latency_ms, outcome, http_status, error_class, parse_ok"

INSERT = f"INSERT INTO request_log ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"

IS_SUCCESS = f"outcome = '{SUCCESS}' AND parse_ok"

CLASS = f"""CASE WHEN {IS_SUCCESS} THEN NULL
    ELSE COALESCE(error_class, CASE outcome WHEN '{SUCCESS}' THEN '{PARSE_ERROR}' ELSE '{UNKNOWN}' END) END"""

IS_SAMPLE = f"provider = ? AND ({IS_SUCCESS} OR error_class IS NOT '{RATE_LIMITED}')"

BY_CLASS = f"""
SELECT {CLASS}, COUNT(*) FROM request_log WHERE finished > ? AND finished <= ? AND {IS_SAMPLE} GROUP BY 1
"""

TOTALS = f"""
SELECT COUNT(*), SUM({IS_SUCCESS}) FROM request_log WHERE finished > ? AND finished <= ? AND {IS_SAMPLE}
"""

_LATENCIES = f"SELECT latency_ms FROM request_log WHERE finished > ? AND finished <= ? AND {IS_SAMPLE}"

FASTEST = f"{_LATENCIES} ORDER BY latency_ms LIMIT 2 OFFSET ?"

SLOWEST = f"{_LATENCIES} ORDER BY latency_ms DESC LIMIT 2 OFFSET ?"

BY_HOUR = f"""
SELECT (finished - ? - 1) / ?, COUNT(*), SUM({IS_SUCCESS})
FROM request_log WHERE finished > ? AND finished <= ? AND {IS_SAMPLE} GROUP BY 1
"""

_FAILURES = f"""
SELECT finished FROM request_log WHERE finished > ? AND finished <= ? AND {IS_SAMPLE} AND NOT ({IS_SUCCESS})
"""

FIRST_FAILURE = f"{_FAILURES} ORDER BY finished LIMIT 1"

LAST_FAILURE = f"{_FAILURES} ORDER BY finished DESC LIMIT 1"

LATEST = f"SELECT {COLUMNS} FROM request_log WHERE finished >= ? ORDER BY finished DESC, id DESC LIMIT ?"

LATEST_FAILED = f"""
SELECT {COLUMNS} FROM request_log WHERE finished >= ? AND NOT ({IS_SUCCESS})
ORDER BY finished DESC, id DESC LIMIT ?
"""

TRIM = """
DELETE FROM request_log WHERE id IN (SELECT id FROM request_log WHERE finished < ? OR finished > ? LIMIT ?)
"""

PROFILE_COLUMNS = (
    "provider, status, status_since, last_checked_at, error_class, success_rate_1h, success_rate_24h, "
    "latency_p50_ms, latency_p95_ms, samples_1h, failing_since, recovered_at, cooldown_micros, cooldown_until, "
    "probe_owner, probe_since, probe_token"
)

LOAD_PROFILE = f"SELECT {PROFILE_COLUMNS} FROM provider_profile WHERE provider = ?"

SAVE_PROFILE = f"""
INSERT OR REPLACE INTO provider_profile ({PROFILE_COLUMNS})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

TRANSITIONS = (
    "SELECT at, status, error_class FROM provider_transition WHERE provider = ? ORDER BY at DESC, id DESC"
)

ADD_TRANSITION = "INSERT INTO provider_transition (provider, at, status, error_class) VALUES (?, ?, ?, ?)"

FORGET_TRANSITIONS = "DELETE FROM provider_transition WHERE provider = ? AND at < ?"
