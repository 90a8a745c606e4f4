"""A check of our own for schemathesis: what fits the schema is refused only by a rule that no schema can say."""

import json

import schemathesis

# A position or a key that only the service can know.
PROBLEMS = {"invalid-cursor", "idempotency-key-reused"}

# Another record, a code list, a check digit, an order of two values, a secret, a network, what a role, a kind or a stage
# needs, one of two members, today's date, what a file is, another database.
CODES = {
    "unknown_reference",
    "not_an_enterprise",
    "unknown_code",
    "check_digit",
    "upside_down",
    "wrong",
    "common",
    "not_a_network",
    "required_for_role",
    "not_for_role",
    "unchangeable",
    "no_counterpart",
    "either_or",
    "same_side",
    "not_open",
    "required_for_stage",
    "not_for_stage",
    "in_future",
    "file_type",
    "other_database",
    "required_for_way",
    "not_for_way",
    "not_for_kind",
    "other_kind",
    "not_a_target",
    "not_public",
}

# What a patch (RFC 7396) leaves depends on what it is put on.
CODES_OF_PATCHES = {"required"}


@schemathesis.check
def refused_only_beyond_the_schema(ctx, response, case):
    fits = case.meta is not None and case.meta.generation.mode.is_positive
    if not fits or response.status_code not in (400, 422):
        return
    problem = response.json()
    if problem["type"].rsplit("/", 1)[-1] in PROBLEMS:
        return
    faults = [fault for fault in problem.get("errors", []) if not written_twice(fault, case.body)]
    allowed = CODES | CODES_OF_PATCHES if case.method == "PATCH" else CODES
    unfounded = [fault for fault in faults if fault["code"] not in allowed]
    assert problem.get("errors") and not unfounded, f"refused though it fits the schema: {unfounded or problem['type']}"


def written_twice(fault, body):
    """Items that differ only in how they are written: in blanks, in case, in what is left out instead of null."""
    if fault["code"] != "duplicate":
        return False
    items = body[fault["pointer"].removeprefix("/")]
    return len({json.dumps(item, sort_keys=True) for item in items}) == len(items)
