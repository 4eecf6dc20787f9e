"""What accounts and login keys say of each other: ways in, keys that people share."""

from collections.abc import Iterable, Sequence

from hipscan.model.fact import Fact, Record, Value


def with_ways_in(accounts: Iterable[Record], keys: Fact) -> tuple[Record, ...]:
    """Return the accounts with how one can log in as them; None where keys are not all known."""
    holders = {record["account"] for record in keys.records}
    return tuple({**record, **_ways(record, holders, whole=keys.is_decided)} for record in accounts)


def _ways(record: Record, holders: set[Value], *, whole: bool) -> dict[str, Value]:
    password = record.get("password", "none")
    ways = ["password"] if password in ("set", "empty") else []
    ways += ["key"] if record["name"] in holders else []
    unsure = password is None or not whole
    return {"ways_in": None if unsure and not ways else ways}


def with_accounts(keys: Sequence[Record], accounts: Iterable[Record]) -> tuple[Record, ...]:
    """Return the keys with what matters of their accounts."""
    by_name = {record["name"]: record for record in accounts}
    people = {name for name, record in by_name.items() if record["person"]}
    users: dict[Value, set[str]] = {}
    for key in keys:
        if key["account"] in people:
            users.setdefault(key["fingerprint"], set()).add(str(key["account"]))
    return tuple(
        {
            **key,
            "shared_with": sorted(users.get(key["fingerprint"], set()) - {str(key["account"])})
            if key["account"] in people
            else [],
            **_about(by_name.get(key["account"])),
        }
        for key in keys
    )


def _about(account: Record | None) -> dict[str, Value]:
    if account is None:
        return {"account_login": None, "account_locked": None}
    password = account.get("password")
    locked = None if password is None else password == "locked" and "hash" in account  # noqa: S105  # a state
    expires = {"account_expires": account["expires"]} if "expires" in account else {}
    return {"account_login": account["login"], "account_locked": locked, **expires}
